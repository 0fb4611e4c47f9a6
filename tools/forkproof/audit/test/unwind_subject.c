/*
 * A program that is to be unwound: it writes its registers, a slice of its stack and its mappings
 * to a file. Usage: unwind_subject FILE plain|thread|signal|deep|library [BYTES]
 * "line: X" marks the lines that the tests name.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *path;
static size_t wanted = 1 << 16;
static volatile int sink;

/* As the tests read it. */
static struct { uint64_t registers[33], pc, address, size; } head;

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
    head.address = head.registers[7]; /* line: take */
#else
#error "no registers are taken on this machine"
#endif
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

int main(int argc, char **argv) {
    pthread_t id;
    int two[2] = {2, 1};
    if (argc < 3)
        return 2;
    path = argv[1];
    if (argc > 3)
        wanted = strtoul(argv[3], NULL, 10);
    if (strcmp(argv[2], "plain") == 0)
        outer(argc); /* line: main */
    if (strcmp(argv[2], "thread") == 0 && pthread_create(&id, NULL, thread, NULL) == 0)
        pthread_join(id, NULL);
    if (strcmp(argv[2], "deep") == 0)
        deep(400);
    if (strcmp(argv[2], "library") == 0)
        qsort(two, 2, sizeof *two, compare); /* line: sorter */
    if (strcmp(argv[2], "signal") == 0) {
        signal(SIGSEGV, caught);
        raiser(); /* line: sender */
    }
    return sink == 12345;
}
