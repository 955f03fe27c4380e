// Lambda's side of the Runtime API for measurements: serves one event repeatedly to a program that it starts.
//
//   stub EVENT[,EVENT...] COUNT WARMUP PROGRAM [ARGUMENT...]
//
// One invocation at a time over blocking sockets. The time of an invocation is measured from the last byte of the `next`
// response sent to the last byte of the response received. Prints one JSON object.
//
// Several events are served in turn: COUNT and WARMUP are the numbers of cycles, and the figures of each event are printed.
// STUB_SERVERS can be a comma-separated list of port:pid of Redis servers, which are emptied before each cycle and whose
// CPU time is added up.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS = 8, ROOM = 8 << 20, EVENTS = 8, SERVERS = 8 };

static struct { char *bytes; size_t count; double *times, cpu, servers; } events[EVENTS];
static struct { int socket; pid_t pid; } servers[SERVERS];
static int event_count, server_count;

static struct { int socket; char *bytes; size_t count; } connections[CONNECTIONS];
static int used;
static pid_t child;

static void fail(const char *what) {
    fprintf(stderr, "stub: %s\n", what);
    if (child > 0) kill(child, SIGKILL);
    exit(1);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

static long long wall_clock(void) { return (long long)time(NULL); }

static void send_all(int socket, const char *bytes, size_t count) {
    while (count) {
        ssize_t sent = send(socket, bytes, count, MSG_NOSIGNAL);
        if (sent <= 0) fail("the program went away");
        bytes += sent;
        count -= (size_t)sent;
    }
}

// Returns the end of the request at the start of a connection's bytes; 0 if it is incomplete.
static size_t request_end(const char *bytes, size_t count) {
    const char *head = memmem(bytes, count, "\r\n\r\n", 4);
    if (!head) return 0;
    size_t end = (size_t)(head - bytes) + 4, length = 0;
    for (const char *line = bytes; line < head;) {
        if (!strncasecmp(line, "content-length:", 15)) length = strtoul(line + 15, NULL, 10);
        if (!strncasecmp(line, "transfer-encoding: chunked", 26)) {
            const char *last = memmem(bytes + end - 2, count - end + 2, "\r\n0\r\n\r\n", 7);
            return last ? (size_t)(last - bytes) + 7 : 0;
        }
        const char *next = memchr(line, '\n', (size_t)(head + 2 - line));
        line = next ? next + 1 : head;
    }
    return count >= end + length ? end + length : 0;
}

// Waits for the next complete request on any connection, and returns the index of the connection.
static int next_request(int listener, size_t *end) {
    for (;;) {
        for (int place = 0; place < used; place++)
            if (connections[place].count && (*end = request_end(connections[place].bytes, connections[place].count)))
                return place;
        struct pollfd waits[CONNECTIONS + 1] = {{listener, POLLIN, 0}};
        for (int place = 0; place < used; place++) waits[place + 1] = (struct pollfd){connections[place].socket, POLLIN, 0};
        if (poll(waits, (nfds_t)used + 1, 30000) <= 0) fail("the program says nothing");
        int had = used;
        if (waits[0].revents && used < CONNECTIONS) {
            int socket = accept(listener, NULL, NULL), on = 1;
            setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            connections[used].socket = socket;
            connections[used].count = 0;
            if (!connections[used].bytes && !(connections[used].bytes = malloc(ROOM))) fail("no memory");
            used++;
        }
        for (int place = 0; place < had; place++) {
            if (!waits[place + 1].revents) continue;
            size_t room = ROOM - connections[place].count;
            ssize_t got = recv(connections[place].socket, connections[place].bytes + connections[place].count, room, 0);
            // poll ignores a closed connection, which is -1.
            if (got <= 0) { close(connections[place].socket); connections[place].socket = -1; }
            else connections[place].count += (size_t)got;
        }
    }
}

static long status_of(pid_t pid, const char *name) {
    char path[64], line[256];
    long value = -1;
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        if (!strncmp(line, name, strlen(name))) value = atol(line + strlen(name));
    if (file) fclose(file);
    return value;
}

static long minor_faults(pid_t pid) {
    char path[64], text[1024] = "";
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *file = fopen(path, "r");
    if (!file || !fgets(text, sizeof text, file)) return -1;
    fclose(file);
    long faults = -1;
    sscanf(strrchr(text, ')') + 2, "%*c %*d %*d %*d %*d %*d %*u %ld", &faults);
    return faults;
}

static int by_size(const void *left, const void *right) {
    double difference = *(const double *)left - *(const double *)right;
    return (difference > 0) - (difference < 0);
}

// Returns the CPU time that a process has used, in microseconds.
static double cpu_time(pid_t pid) {
    clockid_t clock;
    struct timespec time;
    if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &time)) return 0;
    return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

static double servers_time(void) {
    double sum = 0;
    for (int place = 0; place < server_count; place++) sum += cpu_time(servers[place].pid);
    return sum;
}

static void connect_servers(char *list) {
    for (char *word = strtok(list, ","); word && server_count < SERVERS; word = strtok(NULL, ",")) {
        int port = 0, pid = 0;
        if (sscanf(word, "%d:%d", &port, &pid) != 2) fail("STUB_SERVERS is a list of port:pid");
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};
        servers[server_count].pid = pid;
        servers[server_count].socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(servers[server_count++].socket, (struct sockaddr *)&address, sizeof address)) fail("no such server");
    }
}

static void empty_servers(void) {
    for (int place = 0; place < server_count; place++) {
        char reply[64];
        send_all(servers[place].socket, "FLUSHALL SYNC\r\n", 15);
        if (recv(servers[place].socket, reply, sizeof reply, 0) < 5 || memcmp(reply, "+OK", 3)) fail("a server cannot be emptied");
    }
}

static void read_events(char *list) {
    for (char *name = strtok(list, ","); name && event_count < EVENTS; name = strtok(NULL, ",")) {
        FILE *file = fopen(name, "rb");
        if (!file || !(events[event_count].bytes = malloc(ROOM))) fail("no such event");
        events[event_count].count = fread(events[event_count].bytes, 1, ROOM, file);
        event_count++;
        fclose(file);
    }
    if (!event_count) fail("no event");
}

static void print_events(int invocations) {
    printf(",\"events\":[");
    for (int place = 0; place < event_count; place++) {
        double *times = events[place].times;
        qsort(times, (size_t)invocations, sizeof *times, by_size);
        printf("%s{\"p50_us\":%.1f,\"p99_us\":%.1f,\"cpu_us\":%.1f,\"server_cpu_us\":%.1f}", place ? "," : "", times[invocations / 2],
               times[invocations * 99 / 100], events[place].cpu / invocations, events[place].servers / invocations);
    }
    printf("]");
}

int main(int count, char **arguments) {
    if (count < 5) fail("EVENT COUNT WARMUP PROGRAM [ARGUMENT...]");
    read_events(arguments[1]);
    if (getenv("STUB_SERVERS")) connect_servers(getenv("STUB_SERVERS"));
    int cycles = atoi(arguments[2]), invocations = cycles * event_count, warmup = atoi(arguments[3]) * event_count;
    double *times = malloc(sizeof *times * (size_t)(invocations + 1));
    for (int place = 0; place < event_count; place++) events[place].times = malloc(sizeof *times * (size_t)(cycles + 1));

    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    if (bind(listener, (struct sockaddr *)&address, length) || listen(listener, 16)) fail("cannot listen");
    getsockname(listener, (struct sockaddr *)&address, &length);
    char api[64];
    snprintf(api, sizeof api, "127.0.0.1:%d", ntohs(address.sin_port));
    setenv("AWS_LAMBDA_RUNTIME_API", api, 1);

    // The program has the second core to itself, if there is one.
    cpu_set_t core;
    CPU_ZERO(&core);
    CPU_SET(sysconf(_SC_NPROCESSORS_ONLN) > 1 ? 1 : 0, &core);
    double start = now();
    child = vfork();
    if (child == 0) {
        sched_setaffinity(0, sizeof core, &core);
        // Log lines are written as in Lambda, but not read.
        int nowhere = open("/dev/null", O_WRONLY);
        dup2(nowhere, 1);
        dup2(nowhere, 2);
        execvp(arguments[4], arguments + 4);
        _exit(127);
    }
    static const char accepted[] = "HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n"
                                   "{\"status\":\"OK\"}";
    static const char registered[] = "HTTP/1.1 200 OK\r\nLambda-Extension-Identifier: 1\r\nContent-Length: 2\r\n\r\n{}";
    double cold = 0, first = 0, served = 0, cpu = 0, servers_cpu = 0;
    long faults = 0, idle = 0;
    int done = 0, given = 0;
    while (done < warmup + invocations) {
        size_t end;
        int place = next_request(listener, &end);
        double time = now();
        char *bytes = connections[place].bytes;
        int is_next = memmem(bytes, end < 256 ? end : 256, "/invocation/next", 16) != NULL;
        int is_response = !is_next && memmem(bytes, end < 256 ? end : 256, "/response", 9) != NULL;
        if (memmem(bytes, end < 256 ? end : 256, "/extension/", 11)) {
            // Registered, then waiting for an event that never arrives.
            int registers = memmem(bytes, end < 256 ? end : 256, "/register", 9) != NULL;
            memmove(bytes, bytes + end, connections[place].count -= end);
            if (registers) send_all(connections[place].socket, registered, sizeof registered - 1);
            continue;
        }
        if (!is_next && !is_response) {
            fprintf(stderr, "%.*s\n", (int)(end < 2000 ? end : 2000), bytes);
            fail("the program reports an error");
        }
        if (is_response && !memmem(bytes, end, "batchItemFailures", 17)) fail("the response is none");
        memmove(bytes, bytes + end, connections[place].count -= end);
        if (is_response) {
            if (done == 0) first = time - served;
            if (done >= warmup) {
                int number = done - warmup, place = number % event_count;
                times[number] = events[place].times[number / event_count] = time - served;
                events[place].cpu += cpu_time(child) - cpu;
                events[place].servers += servers_time() - servers_cpu;
            }
            done++;
            send_all(connections[place].socket, accepted, sizeof accepted - 1);
            continue;
        }
        if (!given++) {
            cold = time - start;
            faults = minor_faults(child);
            idle = status_of(child, "VmHWM:");
        }
        int place_of_event = (given - 1) % event_count;
        if (!place_of_event) empty_servers();
        char *event = events[place_of_event].bytes;
        size_t size = events[place_of_event].count;
        cpu = cpu_time(child);
        servers_cpu = servers_time();
        char head[512];
        int head_size = snprintf(head, sizeof head,
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nLambda-Runtime-Aws-Request-Id: "
            "8476a536-e9f4-11e8-9739-%012d\r\nLambda-Runtime-Deadline-Ms: %lld\r\n"
            "Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:123456789012:function:consumer\r\n"
            "Lambda-Runtime-Trace-Id: Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1\r\n"
            "Content-Length: %zu\r\n\r\n", given, (wall_clock() + 60) * 1000, size);
        // A small event is sent in one piece, as by Lambda.
        if (size < 16384) {
            char both[512 + 16384];
            memcpy(both, head, (size_t)head_size);
            memcpy(both + head_size, event, size);
            send_all(connections[place].socket, both, (size_t)head_size + size);
        } else {
            send_all(connections[place].socket, head, (size_t)head_size);
            send_all(connections[place].socket, event, size);
        }
        served = now();
    }
    long peak = status_of(child, "VmHWM:");
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    qsort(times, (size_t)invocations, sizeof *times, by_size);
    printf("{\"cold_us\":%.0f,\"first_us\":%.1f,\"min_us\":%.1f,\"p50_us\":%.1f,\"p99_us\":%.1f,\"faults\":%ld,"
           "\"idle_kib\":%ld,\"peak_kib\":%ld",
           cold, first, times[0], times[invocations / 2], times[invocations * 99 / 100], faults, idle, peak);
    if (event_count > 1) print_events(cycles);
    printf("}\n");
}
