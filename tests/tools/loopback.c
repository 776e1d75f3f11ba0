/* Preloaded into DynamoDB Local, which binds every interface, knows no option to change that, and has
 * no authentication: every bind() goes to the loopback address. And it ends with its parent, however
 * that ends, so that no test run leaves a server behind. Linux only. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

__attribute__((constructor)) static void end_with_parent(void) { prctl(PR_SET_PDEATHSIG, SIGKILL); }

int bind(int fd, const struct sockaddr *address, socklen_t length) {
    int (*real)(int, const struct sockaddr *, socklen_t) =
        (int (*)(int, const struct sockaddr *, socklen_t))dlsym(RTLD_NEXT, "bind");
    struct sockaddr_storage local;
    if (length > sizeof local) return real(fd, address, length);
    memcpy(&local, address, length);
    if (local.ss_family == AF_INET)
        ((struct sockaddr_in *)&local)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    else if (local.ss_family == AF_INET6) /* Java's sockets are dual: the IPv4 loopback, mapped. */
        inet_pton(AF_INET6, "::ffff:127.0.0.1", &((struct sockaddr_in6 *)&local)->sin6_addr);
    return real(fd, (struct sockaddr *)&local, length);
}
