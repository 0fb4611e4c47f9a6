/* What happens when the object is loaded: the environment is read, and nothing else. */
#include <stddef.h>
#include <unistd.h>

#include "environ.h"
#include "settings.h"

extern char **environ __attribute__((weak));

__attribute__((constructor)) static void start(void) {
    if (!&environ || !environ)
        return;
    fp_settings_read(environ);
    fp_environ_strip(environ);
}
