#include "link.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/types.h>

int fp_link_open(int ret_ends[2]) {
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ret_ends) < 0
               ? -errno
               : 0;
}

/* A full queue means that the peer is stopped or starved: wait for it, or for its death. */
int fp_link_send(int fd, struct fp_message message) {
    for (;;) {
        if (send(fd, &message, sizeof message, MSG_NOSIGNAL) >= 0)
            return 0;
        if (errno == EAGAIN)
            poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, -1);
        else if (errno != EINTR)
            return -EPIPE;
    }
}

int fp_link_receive(int fd, struct fp_message *ret_message) {
    ssize_t n;
    do
        n = recv(fd, ret_message, sizeof *ret_message, MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n == (ssize_t)sizeof *ret_message)
        return 1;
    return n < 0 && errno == EAGAIN ? 0 : -EPIPE;
}
