import Glibc

/// The standard streams of the process.
enum StandardStreams {
    /// Makes failed writes return an error instead of ending the process.
    ///
    /// Must be called first.
    ///
    /// A closed stream is opened for the opposite direction, so that it stays unusable and no file or connection gets its
    /// descriptor.
    static func prepare() {
        // An empty handler, because child processes would inherit an ignored signal.
        for number in [SIGPIPE, SIGXFSZ] { signal(number) { _ in } }
        for (descriptor, mode) in [(STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_RDONLY)] {
            if fcntl(descriptor, F_GETFD) < 0, errno == EBADF { _ = unsafe open("/dev/null", mode) }
        }
    }

    /// Writes all of `bytes`.
    ///
    /// - Returns: The system's error number, or nil.
    static func write(_ bytes: some Collection<UInt8>, to descriptor: Int32) -> Int32? {
        let bytes = ContiguousArray(bytes)
        var start = 0
        while start < bytes.count {
            // Bounds: the pointer and the count describe the rest of `bytes`.
            let written = unsafe bytes[start...].withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            if written >= 0 {
                start += written
            } else if errno == EAGAIN {
                // Another process that shares the stream made it non-blocking.
                var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = unsafe poll(&wait, 1, -1)
            } else if errno != EINTR {
                return errno
            }
        }
        return nil
    }

    /// Returns the system's text for an error number.
    static func message(_ number: Int32) -> String { unsafe String(cString: strerror(number)) }
}
