/*
 * A program that is to be unwound: it writes its registers, a slice of its stack and its mappings
 * to a file. Usage: unwind_subject FILE plain|thread|signal|interrupt|deep|library [BYTES|rt|old]
 * "line: X" marks the lines that the tests name.
 */
#include <elf.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SA_RESTORER
#define SA_RESTORER 0x04000000
#endif

#if defined __x86_64__
enum { MACHINE = EM_X86_64, SP = 7 };
#else
enum { MACHINE = EM_386, SP = 4 };
#endif
#ifndef HANDLER_FLAGS
#define HANDLER_FLAGS 0
#endif

static const char *path;
static size_t wanted = 1 << 16;
static volatile int sink;

/* As the tests read it. */
static struct { uint64_t machine, registers[33], pc, address, size; } head;

/* Where the mapping with the stack ends. */
static uint64_t stack_end(uint64_t sp) {
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[4096];
    unsigned long long start, end;
    while (maps && fgets(line, sizeof line, maps)) {
        if (sscanf(line, "%llx-%llx", &start, &end) == 2 && sp >= start && sp < end) {
            fclose(maps);
            return end;
        }
    }
    abort();
}

static void save(void) {
    char bytes[4096];
    ssize_t n;
    int out = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    int maps = open("/proc/self/maps", O_RDONLY);
    uint64_t left = stack_end(head.address) - head.address;
    head.size = left < wanted ? left : wanted;
    if (write(out, &head, sizeof head) != sizeof head ||
        write(out, (const void *)(uintptr_t)head.address, head.size) != (ssize_t)head.size)
        abort();
    while ((n = read(maps, bytes, sizeof bytes)) > 0) {
        if (write(out, bytes, (size_t)n) != n)
            abort();
    }
    close(maps);
    close(out);
}

__attribute__((noinline)) void take(void) {
#if defined __x86_64__
    __asm__ volatile("movq %%rax, 0(%0)\n movq %%rdx, 8(%0)\n movq %%rcx, 16(%0)\n"
                     "movq %%rbx, 24(%0)\n movq %%rsi, 32(%0)\n movq %%rdi, 40(%0)\n"
                     "movq %%rbp, 48(%0)\n movq %%rsp, 56(%0)\n movq %%r8, 64(%0)\n"
                     "movq %%r9, 72(%0)\n movq %%r10, 80(%0)\n movq %%r11, 88(%0)\n"
                     "movq %%r12, 96(%0)\n movq %%r13, 104(%0)\n movq %%r14, 112(%0)\n"
                     "movq %%r15, 120(%0)\n leaq 1f(%%rip), %%rcx\n movq %%rcx, 264(%0)\n 1:\n"
                     :
                     : "r"(head.registers)
                     : "rcx", "memory");
#elif defined __i386__
    __asm__ volatile("movl %%ebx, 24(%0)\n movl %%esp, 32(%0)\n movl %%ebp, 40(%0)\n"
                     "movl %%esi, 48(%0)\n movl %%edi, 56(%0)\n call 1f\n 1: popl %%ecx\n"
                     "addl $2f - 1b, %%ecx\n movl %%ecx, 264(%0)\n 2:\n"
                     :
                     : "r"(head.registers)
                     : "ecx", "memory");
#else
#error "no registers are taken on this machine"
#endif
    head.address = head.registers[SP]; /* line: take */
    head.machine = MACHINE;
    save();
    sink++;
}

static inline __attribute__((always_inline)) void inner(int x) {
    sink += x;
    take(); /* line: inner */
    sink += x;
}

static inline __attribute__((always_inline)) void middle(int x) {
    sink -= x;
    inner(x + 1); /* line: middle */
    sink -= x;
}

__attribute__((noinline)) void outer(int x) {
    middle(x * sink); /* line: outer */
    sink++;
}

static void *thread(void *arg) {
    outer(7); /* line: thread */
    sink++;
    return arg;
}

static void handler(int signal) {
    outer(signal); /* line: handler */
    sink++;
}

__attribute__((noinline)) void raiser(void) {
    *(volatile int *)8 = 1; /* line: raiser */
    sink++;
}

__attribute__((noinline)) int deep(int n) {
    if (n == 0)
        outer(n); /* line: bottom */
    else
        sink += deep(n - 1) + 1; /* line: deep */
    return sink++;
}

static void caught(int signal) {
    handler(signal); /* line: caught */
    _exit(0);
}

static int compare(const void *a, const void *b) {
    outer(*(const int *)a - *(const int *)b); /* line: compare */
    return ++sink;
}

/* As a libc has it that has no rules for it. */
#if defined __x86_64__
__asm__(".text\n nop\n restore_rt: movq $15, %rax\n syscall\n restore: nop\n");
#else
__asm__(".text\n nop\n restore_rt: movl $173, %eax\n int $0x80\n"
        "nop\n restore: popl %eax\n movl $119, %eax\n int $0x80\n");
#endif
void restore_rt(void);
void restore(void);

static void catch_faults_by(unsigned long flags, void (*restorer)(void)) {
    struct {
        void (*handler)(int);
        unsigned long flags;
        void (*restorer)(void);
        uint64_t mask;
    } action = {caught, flags | SA_RESTORER, restorer, 0};
    if (syscall(SYS_rt_sigaction, SIGSEGV, &action, NULL, sizeof action.mask) < 0)
        abort();
}

__attribute__((noinline)) static void catch_faults(const char *way) {
    sigaction(SIGSEGV, &(struct sigaction){.sa_handler = caught, .sa_flags = HANDLER_FLAGS}, NULL);
    if (strcmp(way, "rt") == 0)
        catch_faults_by(SA_SIGINFO, restore_rt);
    if (strcmp(way, "old") == 0)
        catch_faults_by(0, restore);
}

int main(int argc, char **argv) {
    pthread_t id;
    int two[2] = {2, 1};
    if (argc < 3)
        return 2;
    path = argv[1];
    if (argc > 3 && strcmp(argv[2], "deep") == 0)
        wanted = strtoul(argv[3], NULL, 10);
    if (strcmp(argv[2], "plain") == 0)
        outer(argc); /* line: main */
    if (strcmp(argv[2], "thread") == 0 && pthread_create(&id, NULL, thread, NULL) == 0)
        pthread_join(id, NULL);
    if (strcmp(argv[2], "deep") == 0)
        deep(400);
    if (strcmp(argv[2], "library") == 0)
        qsort(two, 2, sizeof *two, compare); /* line: sorter */
    catch_faults(argv[argc - 1]);
    if (strcmp(argv[2], "signal") == 0)
        raiser(); /* line: sender */
    if (strcmp(argv[2], "interrupt") == 0)
        raise(SIGSEGV); /* line: raise */
    return sink == 12345;
}
