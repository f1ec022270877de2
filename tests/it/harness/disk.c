/* A disk that fails on command, preloaded into the server: files called `*.db`, `*.db-wal` and `*.db-journal` cannot be written while
 * the file $DISK_FAULT contains `full`, and cannot be synchronized while it contains `sync`. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static int is_database(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    const char *suffix = strstr(path, ".db");
    return suffix && (!suffix[3] || !strcmp(suffix + 3, "-wal") || !strcmp(suffix + 3, "-journal"));
}

static int has_fault(const char *fault) {
    char text[8] = {0};
    const char *path = getenv("DISK_FAULT");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) return 0;
    ssize_t length = read(fd, text, sizeof text - 1);
    close(fd);
    return length > 0 && !strcmp(text, fault);
}

#define FAILS(fd, fault) (is_database(fd) && has_fault(fault))
#define NEXT(name) ((typeof(&name))dlsym(RTLD_NEXT, #name))

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) {
    if (FAILS(fd, "full")) return errno = ENOSPC, -1;
    return NEXT(pwrite64)(fd, bytes, count, offset);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset) {
    if (FAILS(fd, "full")) return errno = ENOSPC, -1;
    return NEXT(pwrite)(fd, bytes, count, offset);
}

ssize_t write(int fd, const void *bytes, size_t count) {
    if (FAILS(fd, "full")) return errno = ENOSPC, -1;
    return NEXT(write)(fd, bytes, count);
}

int fsync(int fd) {
    if (FAILS(fd, "sync")) return errno = EIO, -1;
    return NEXT(fsync)(fd);
}

int fdatasync(int fd) {
    if (FAILS(fd, "sync")) return errno = EIO, -1;
    return NEXT(fdatasync)(fd);
}
