// A plain Redis client for measurements: sends files of serialized commands, each one in a single pipeline.
//
//   plain COUNT WARMUP PORT:PID=FILE[,FILE...] [PORT:PID=FILE[,FILE...]...]
//
// Each server has its connection and its own files; the first files of all servers are sent together, then the second ones,
// and so on. All servers are emptied before each cycle. Prints, for each position, the time until the last reply, and the CPU
// time of this process and of the servers.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { SERVERS = 8, FILES = 8 };

static struct { int socket; pid_t pid; char *bytes[FILES]; size_t sizes[FILES]; long commands[FILES]; } servers[SERVERS];
static int server_count, file_count;

static void fail(const char *what) {
    fprintf(stderr, "plain: %s\n", what);
    exit(1);
}

static double clock_time(clockid_t clock) {
    struct timespec time;
    if (clock_gettime(clock, &time)) return 0;
    return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

static double servers_time(void) {
    double sum = 0;
    for (int place = 0; place < server_count; place++) {
        clockid_t clock;
        if (!clock_getcpuclockid(servers[place].pid, &clock)) sum += clock_time(clock);
    }
    return sum;
}

// The first line of a file is the number of its commands.
static void read_file(const char *name, int server, int place) {
    FILE *file = fopen(name, "rb");
    struct stat status;
    if (!file || fstat(fileno(file), &status) || fscanf(file, "%ld\n", &servers[server].commands[place]) != 1) fail(name);
    servers[server].bytes[place] = malloc((size_t)status.st_size + 1);
    servers[server].sizes[place] = fread(servers[server].bytes[place], 1, (size_t)status.st_size, file);
    fclose(file);
}

// Sends and receives on all connections until each command has its reply, which is one line.
static void exchange(int position) {
    size_t sent[SERVERS] = {0};
    long missing[SERVERS];
    int open = 0;
    for (int place = 0; place < server_count; place++) open += (missing[place] = servers[place].commands[position]) > 0;
    while (open) {
        struct pollfd waits[SERVERS];
        for (int place = 0; place < server_count; place++) {
            short events = missing[place] ? POLLIN : 0;
            if (sent[place] < servers[place].sizes[position]) events |= POLLOUT;
            waits[place] = (struct pollfd){servers[place].socket, events, 0};
        }
        if (poll(waits, (nfds_t)server_count, 30000) <= 0) fail("a server says nothing");
        for (int place = 0; place < server_count; place++) {
            if (waits[place].revents & POLLOUT) {
                ssize_t count = send(servers[place].socket, servers[place].bytes[position] + sent[place],
                                     servers[place].sizes[position] - sent[place], MSG_NOSIGNAL | MSG_DONTWAIT);
                if (count > 0) sent[place] += (size_t)count;
                else if (errno != EAGAIN) fail("a server went away");
            }
            if (waits[place].revents & POLLIN) {
                static char replies[65536];
                ssize_t count = recv(servers[place].socket, replies, sizeof replies, MSG_DONTWAIT);
                if (count <= 0) fail("a server went away");
                if (memchr(replies, '-', (size_t)count)) fail("a server replies with an error");
                for (char *byte = replies; (byte = memchr(byte, '\n', (size_t)(replies + count - byte))); byte++)
                    if (--missing[place] == 0) open--;
            }
        }
    }
}

static void empty_servers(void) {
    for (int place = 0; place < server_count; place++) {
        char reply[64];
        if (send(servers[place].socket, "FLUSHALL SYNC\r\n", 15, MSG_NOSIGNAL) != 15 ||
            recv(servers[place].socket, reply, sizeof reply, 0) < 5 || memcmp(reply, "+OK", 3)) fail("a server cannot be emptied");
    }
}

static int by_size(const void *left, const void *right) {
    double difference = *(const double *)left - *(const double *)right;
    return (difference > 0) - (difference < 0);
}

int main(int count, char **arguments) {
    if (count < 4) fail("COUNT WARMUP PORT:PID=FILE[,FILE...]...");
    int cycles = atoi(arguments[1]), warmup = atoi(arguments[2]);
    for (int index = 3; index < count && server_count < SERVERS; index++) {
        int port = 0, pid = 0, start = 0, on = 1;
        if (sscanf(arguments[index], "%d:%d=%n", &port, &pid, &start) != 2 || !start) fail("a server is PORT:PID=FILE[,FILE...]");
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};
        servers[server_count].pid = pid;
        servers[server_count].socket = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(servers[server_count].socket, (struct sockaddr *)&address, sizeof address)) fail("no such server");
        setsockopt(servers[server_count].socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        int place = 0;
        for (char *name = strtok(arguments[index] + start, ","); name && place < FILES; name = strtok(NULL, ","))
            read_file(name, server_count, place++);
        file_count = place;
        server_count++;
    }
    // As the function, it has the second core to itself, if there is one.
    cpu_set_t core;
    CPU_ZERO(&core);
    CPU_SET(sysconf(_SC_NPROCESSORS_ONLN) > 1 ? 1 : 0, &core);
    sched_setaffinity(0, sizeof core, &core);

    static double cpu[FILES], servers_cpu[FILES];
    double *times[FILES];
    for (int place = 0; place < file_count; place++) times[place] = malloc(sizeof(double) * (size_t)(cycles + 1));
    for (int cycle = -warmup; cycle < cycles; cycle++) {
        empty_servers();
        for (int place = 0; place < file_count; place++) {
            double start_servers = servers_time(), start_cpu = clock_time(CLOCK_PROCESS_CPUTIME_ID), start = clock_time(CLOCK_MONOTONIC);
            exchange(place);
            double end = clock_time(CLOCK_MONOTONIC);
            if (cycle < 0) continue;
            times[place][cycle] = end - start;
            cpu[place] += clock_time(CLOCK_PROCESS_CPUTIME_ID) - start_cpu;
            servers_cpu[place] += servers_time() - start_servers;
        }
    }
    printf("{\"events\":[");
    for (int place = 0; place < file_count; place++) {
        qsort(times[place], (size_t)cycles, sizeof(double), by_size);
        size_t bytes = 0;
        for (int server = 0; server < server_count; server++) bytes += servers[server].sizes[place];
        printf("%s{\"p50_us\":%.1f,\"p99_us\":%.1f,\"cpu_us\":%.1f,\"server_cpu_us\":%.1f,\"bytes\":%zu}", place ? "," : "",
               times[place][cycles / 2], times[place][cycles * 99 / 100], cpu[place] / cycles, servers_cpu[place] / cycles, bytes);
    }
    printf("]}\n");
}
