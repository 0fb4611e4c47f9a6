#include "control.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 64
#define FULL_MS 1000

/* By the descriptor: the directory's path may be longer than an address, or lead elsewhere by now.
 */
int fp_control_open(struct fp_control *control, int run_fd) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    *control = FP_CONTROL_CLOSED;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/" FP_CONTROL_FILE,
             run_fd);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, BACKLOG) < 0) {
        int error = errno;
        close(fd);
        return -error;
    }
    control->listener = fd;
    return 0;
}

/* A door that cannot be opened is left alone for a while: poll would not sleep. */
int fp_control_watch(const struct fp_control *control, struct pollfd *fds) {
    fds[0] = (struct pollfd){.fd = control->full ? -1 : control->listener, .events = POLLIN};
    for (int i = 0; i < FP_CONTROL_SEATS; i++)
        fds[1 + i] = (struct pollfd){.fd = control->seats[i], .events = POLLIN};
    return control->full ? FULL_MS : -1;
}

static void leave_seat(struct fp_control *control, unsigned seat) {
    if (control->seats[seat] >= 0)
        close(control->seats[seat]);
    control->seats[seat] = -1;
}

static bool may_order(int fd) {
    struct ucred peer;
    socklen_t size = sizeof peer;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           (peer.uid == geteuid() || peer.uid == 0);
}

/* When all are taken one gives way: it has sent nothing so far. */
static unsigned free_seat(struct fp_control *control) {
    for (unsigned i = 0; i < FP_CONTROL_SEATS; i++)
        if (control->seats[i] < 0)
            return i;
    unsigned seat = control->next++ % FP_CONTROL_SEATS;
    leave_seat(control, seat);
    return seat;
}

static void let_in(struct fp_control *control) {
    int fd = accept4(control->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        control->full = errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS;
        return;
    }
    if (may_order(fd))
        control->seats[free_seat(control)] = fd;
    else
        close(fd);
}

static bool is_well_formed(const struct fp_order *order, ssize_t size) {
    return size == (ssize_t)sizeof *order && order->magic == FP_ORDER_MAGIC &&
           order->type < FP_ORDER_TYPES && memchr(order->run, 0, sizeof order->run) &&
           memchr(order->name, 0, sizeof order->name) &&
           (order->type == FP_ORDER_SIGNAL ? order->sig >= 1 && order->sig <= SIGRTMAX
                                           : order->sig == 0);
}

static void answer(int fd, json_t *object) {
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    if (text)
        (void)send(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
    free(text);
    json_decref(object);
}

static void hear(struct fp_control *control, unsigned seat, fp_order_handler handler, void *data) {
    struct fp_order order = {0};
    int fd = control->seats[seat];
    ssize_t n = recv(fd, &order, sizeof order, MSG_DONTWAIT | MSG_TRUNC);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (is_well_formed(&order, n))
        answer(fd, handler(data, &order));
    else if (n > 0)
        answer(fd, json_pack("{s:s}", "error", "this is no order of this version"));
    leave_seat(control, seat);
}

void fp_control_serve(struct fp_control *control, const struct pollfd *fds,
                      fp_order_handler handler, void *data) {
    for (unsigned i = 0; i < FP_CONTROL_SEATS; i++)
        if (fds[1 + i].revents && control->seats[i] == fds[1 + i].fd)
            hear(control, i, handler, data);
    control->full = false;
    if (fds[0].revents && control->listener >= 0)
        let_in(control);
}

void fp_control_close(struct fp_control *control) {
    for (unsigned i = 0; i < FP_CONTROL_SEATS; i++)
        leave_seat(control, i);
    if (control->listener >= 0)
        close(control->listener);
    control->listener = -1;
}
