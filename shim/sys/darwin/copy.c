/* Memory of the program's, which may be bad, by the kernel's hand. */
#include <mach/mach.h>
#include <mach/vm_map.h>

#include "sys.h"

long fp_sys_copy(void *to, const void *from, size_t size) {
    vm_size_t copied = 0;
    kern_return_t result =
        vm_read_overwrite(mach_task_self(), (vm_address_t)from, size, (vm_address_t)to, &copied);
    return result == KERN_SUCCESS && copied == size ? 0 : -EFAULT;
}

bool fp_sys_is_readable(const void *user_at) {
    uint64_t word;
    uintptr_t at = (uintptr_t)user_at & ~(uintptr_t)7;
    return at != 0 && fp_sys_copy(&word, (const void *)at, sizeof word) == 0;
}
