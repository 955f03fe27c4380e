import Dispatch
import Glibc
import JSON

/// Credentials from a program that a profile's `credential_process` names.
///
/// Source: <https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html>
struct CredentialProcess: Sendable {
    let command: String
    let origin: String
    /// The time limit of the program in ms, which allows a user to touch a security key.
    var timeLimitMilliseconds = 60_000
    /// The destination of the program's standard error.
    var errorOutput = STDERR_FILENO

    private static let outputLimit = 64 << 10

    func credentials() async throws -> AWSCredentials {
        // A separate thread, because reading blocks.
        let output = try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(with: Result { try run() }) }
        }
        guard let value = try? JSONValue(parsing: output), value["Version"]?.integer == 1 else {
            throw unusable("credential_process did not print JSON with \"Version\": 1")
        }
        return try CredentialDocument.credentials(in: value, origin: origin)
    }

    private func unusable(_ reason: String) -> CredentialError { .unusable(origin: origin, reason: reason) }

    /// Runs the program and returns its output.
    ///
    /// On a terminal, its standard error appears immediately, because the program may prompt the user; otherwise it
    /// appears only if the program fails. It is never part of an error's text.
    private func run() throws(CredentialError) -> [UInt8] {
        guard let words = ShellWords.split(command), let program = words.first, !program.isEmpty else {
            throw unusable("credential_process is not a command, or a quote in it is not closed")
        }
        var pipe: [Int32] = [-1, -1]
        // The array has room for two descriptors.
        guard unsafe Glibc.pipe(&pipe) == 0 else {
            throw unusable("credential_process: \(LocalFile.systemMessage(errno))")
        }
        for descriptor in pipe { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        defer { close(pipe[0]) }
        let notes = isatty(errorOutput) == 1 ? nil : Self.temporaryFile()
        defer { if let notes { close(notes) } }
        let started = Self.start(words, output: pipe[1], errorOutput: notes ?? errorOutput)
        close(pipe[1])
        guard case .success(let process) = started else {
            throw unusable("credential_process cannot be started: \(program)")
        }
        let end = ContinuousClock.now + .milliseconds(timeLimitMilliseconds)
        let output = Self.read(pipe[0], until: end)
        if output == nil { kill(process, SIGKILL) }
        let status = Self.status(of: process, until: end)
        if output == nil || status != 0, let notes { Self.passOn(notes, to: errorOutput) }
        guard let output, let status else {
            throw unusable(
                "credential_process printed too much, or did not end within \(timeLimitMilliseconds / 1000) s")
        }
        guard status == 0 else {
            throw unusable("credential_process failed; it must print credentials and exit with 0")
        }
        return output
    }
}

/// Processes and descriptors.
extension CredentialProcess {
    private struct SpawnError: Error {}

    private static func start(_ words: [String], output: Int32, errorOutput: Int32) -> Result<pid_t, SpawnError> {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe _ = posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        unsafe posix_spawn_file_actions_adddup2(&actions, errorOutput, STDERR_FILENO)
        // Records may arrive on standard input; only a terminal is shared, so that the user can answer a prompt.
        if isatty(STDIN_FILENO) == 0 || isatty(errorOutput) == 0 {
            unsafe posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        }
        // Copies that live until the call has returned; the list ends with nil.
        var arguments = unsafe words.map { unsafe strdup($0) }
        defer { unsafe arguments.forEach { unsafe free($0) } }
        unsafe arguments.append(nil)
        var process: pid_t = 0
        let code = unsafe posix_spawnp(&process, words[0], &actions, nil, arguments, environ)
        return code == 0 ? .success(process) : .failure(SpawnError())
    }

    /// Waits for a program that has closed its output; kills it and returns nil if it does not end.
    private static func status(of process: pid_t, until end: ContinuousClock.Instant) -> Int32? {
        var status: Int32 = 0
        while true {
            let isInTime = ContinuousClock.now < end
            if !isInTime { kill(process, SIGKILL) }
            let found = unsafe waitpid(process, &status, isInTime ? WNOHANG : 0)
            if found == process { return isInTime ? status : nil }
            if found < 0, errno != EINTR { return nil }
            // The program has usually ended already.
            usleep(5000)
        }
    }

    /// Returns everything up to the end; nil if it is too long or takes too long.
    private static func read(_ descriptor: Int32, until end: ContinuousClock.Instant) -> [UInt8]? {
        var output: [UInt8] = []
        while true {
            let left = (end - ContinuousClock.now) / .milliseconds(1)
            guard left > 0 else { return nil }
            var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let ready = unsafe poll(&waiting, 1, Int32(clamping: Int(left) + 1))
            if ready < 0, errno == EINTR { continue }
            guard ready > 0, let piece = piece(of: descriptor) else { return nil }
            if piece.isEmpty { return output }
            output += piece
            if output.count > outputLimit { return nil }
        }
    }

    /// Returns the next bytes of a descriptor, empty at its end; nil if reading fails.
    private static func piece(of descriptor: Int32) -> ArraySlice<UInt8>? {
        var piece = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = unsafe piece.withUnsafeMutableBytes { buffer in
                // Reads at most as many bytes as the buffer has.
                unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            }
            if count < 0, errno == EINTR { continue }
            return count < 0 ? nil : piece[..<count]
        }
    }

    /// Creates a file without a name, so that the program can write without a concurrent reader; returns nil on
    /// failure.
    private static func temporaryFile() -> Int32? {
        var path = "/tmp/credential-process-XXXXXX".utf8CString.map { $0 }
        // Both calls read and write only within the terminated name.
        let descriptor = unsafe mkstemp(&path)
        guard descriptor >= 0 else { return nil }
        unsafe unlink(path)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        return descriptor
    }

    private static func passOn(_ notes: Int32, to errorOutput: Int32) {
        lseek(notes, 0, SEEK_SET)
        while let piece = piece(of: notes), !piece.isEmpty {
            let written = unsafe piece.withUnsafeBytes { unsafe write(errorOutput, $0.baseAddress, $0.count) }
            if written < 0, errno != EINTR { return }
        }
    }
}
