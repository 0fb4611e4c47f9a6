#include <criterion/criterion.h>

#include "keep.h"

TestSuite(keep, .timeout = 10);

#define MATCHES(pattern, executable, argv)                                                         \
    fp_keep_matches(pattern, executable, argv, sizeof(argv) - 1)

Test(keep, executable_is_named_by_path_or_base_name) {
    cr_expect(MATCHES("ssh-agent", "/usr/bin/ssh-agent", "x\0"));
    cr_expect(MATCHES("/usr/bin/ssh-agent", "/usr/bin/ssh-agent", "x\0"));
    cr_expect(MATCHES("*/ssh-agent", "/usr/bin/ssh-agent", "x\0"));
    cr_expect(MATCHES("ssh-[ab]gent", "/usr/bin/ssh-agent", ""));
    cr_expect(MATCHES("My App", "/opt/My App", ""));
    cr_expect_not(MATCHES("ssh", "/usr/bin/ssh-agent", "x\0"));
    cr_expect_not(MATCHES("agent", "/usr/bin/ssh-agent", "x\0"));
    cr_expect_not(MATCHES("bin/ssh-agent", "/usr/bin/ssh-agent", "x\0"));
    cr_expect_not(MATCHES("SSH-AGENT", "/usr/bin/ssh-agent", "x\0"));
}

Test(keep, first_argument_names_what_tells_no_executable) {
    cr_expect(MATCHES("ssh-agent", "", "ssh-agent\0-a\0/tmp/s\0"));
    cr_expect(MATCHES("ssh-agent", "", "/usr/bin/ssh-agent\0"));
    cr_expect(MATCHES("/usr/bin/ssh-agent", "", "/usr/bin/ssh-agent\0"));
    cr_expect_not(MATCHES("*", "", ""));
}

Test(keep, other_arguments_are_not_looked_at_without_a_blank) {
    cr_expect_not(MATCHES("*ssh-agent*", "/bin/sh", "sh\0-c\0exec ssh-agent\0"));
    cr_expect_not(MATCHES("*/ssh-agent", "/usr/bin/vi", "vi\0/usr/bin/ssh-agent\0"));
    cr_expect_not(MATCHES("-a", "/usr/bin/ssh-agent", "ssh-agent\0-a\0"));
}

Test(keep, pattern_with_a_blank_is_for_the_whole_line) {
    cr_expect(MATCHES("python3 *server.py", "/usr/bin/python3.11", "python3\0/srv/server.py\0"));
    cr_expect(MATCHES("python3 *server.py", "", "/usr/bin/python3\0/srv/server.py\0"));
    cr_expect(MATCHES("/usr/bin/python3 *", "", "/usr/bin/python3\0x\0"));
    cr_expect(MATCHES("java * -jar app.jar", "", "java\0-Xmx1g\0-jar\0app.jar\0"));
    cr_expect(MATCHES("nginx: master*", "", "nginx: master process\0\0\0\0"), "a title of its own");
    cr_expect_not(MATCHES("python3 *server.py", "", "python3\0/srv/server.py\0--test\0"));
    cr_expect_not(MATCHES("server.py *", "", "python3\0server.py\0x\0"));
}
