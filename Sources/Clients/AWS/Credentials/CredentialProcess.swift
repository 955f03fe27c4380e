import Dispatch
import Glibc
import JSON

/// A program that prints credentials, as a profile's `credential_process` names it.
///
/// Source: <https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html>
struct CredentialProcess: Sendable {
    let command: String
    let origin: String

    private static let timeLimitMilliseconds = 60_000
    private static let outputLimit = 64 << 10

    func credentials() async throws -> AWSCredentials {
        // A thread of its own, since reading blocks.
        let output = try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(with: Result { try run() }) }
        }
        guard let value = try? JSONValue(parsing: output), value["Version"]?.integer == 1 else {
            throw unusable("credential_process did not print JSON with \"Version\": 1")
        }
        return try CredentialDocument.credentials(in: value, origin: origin)
    }

    private func unusable(_ reason: String) -> CredentialError { .unusable(origin: origin, reason: reason) }

    /// Runs the program to its end and returns what it printed; its standard error is this process's own.
    private func run() throws(CredentialError) -> [UInt8] {
        let words = try Self.words(command, origin: origin)
        var pipe: [Int32] = [-1, -1]
        // The array has room for the two descriptors.
        guard unsafe Glibc.pipe(&pipe) == 0 else {
            throw unusable("credential_process: \(LocalFile.systemWords(errno))")
        }
        for descriptor in pipe { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        defer { close(pipe[0]) }
        let started = Self.start(words, output: pipe[1])
        close(pipe[1])
        guard case .success(let process) = started else {
            throw unusable("credential_process cannot be started: \(words[0])")
        }
        let output = Self.read(pipe[0])
        if output == nil { kill(process, SIGKILL) }
        var status: Int32 = 0
        while unsafe waitpid(process, &status, 0) < 0, errno == EINTR {}
        guard let output else {
            throw unusable(
                "credential_process printed too much, or did not end within \(Self.timeLimitMilliseconds / 1000) s")
        }
        guard status == 0 else {
            throw unusable("credential_process failed; it must print credentials and exit with 0")
        }
        return output
    }

    private struct SpawnError: Error {}

    private static func start(_ words: [String], output: Int32) -> Result<pid_t, SpawnError> {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe _ = posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        // It asks nobody anything.
        unsafe posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        // Copies that live until the call has returned; the list ends with nil.
        var arguments = unsafe words.map { unsafe strdup($0) }
        defer { unsafe arguments.forEach { unsafe free($0) } }
        unsafe arguments.append(nil)
        var process: pid_t = 0
        let code = unsafe posix_spawnp(&process, words[0], &actions, nil, arguments, environ)
        return code == 0 ? .success(process) : .failure(SpawnError())
    }

    /// Everything until the end; nil when it is too much or takes too long.
    private static func read(_ descriptor: Int32) -> [UInt8]? {
        let end = ContinuousClock.now + .milliseconds(timeLimitMilliseconds)
        var output: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4096)
        while true {
            let left = (end - ContinuousClock.now) / .milliseconds(1)
            var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard left > 0, unsafe poll(&waiting, 1, Int32(clamping: Int(left))) > 0 else { return nil }
            let count = unsafe piece.withUnsafeMutableBytes { buffer in
                // At most as many bytes as the buffer has.
                unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return count == 0 ? output : nil }
            output += piece[..<count]
            if output.count > outputLimit { return nil }
        }
    }

    /// Split at blanks, with quotes and backslashes as a POSIX shell has them, and nothing expanded.
    static func words(_ command: String, origin: String) throws(CredentialError) -> [String] {
        var words: [String] = []
        var word: String?
        var quote: Character?
        var rest = command[...]
        while let character = rest.popFirst() {
            switch (character, quote) {
            case ("\\", nil), ("\\", "\""):
                guard let next = rest.popFirst() else { break }
                let isLiteral = quote == nil || "\"\\$`".contains(next)
                word = (word ?? "") + (isLiteral ? "" : "\\") + String(next)
            case (let mark, let open?) where mark == open: quote = nil
            case ("\"", nil), ("'", nil):
                quote = character
                word = word ?? ""
            case (_, nil) where character.isWhitespace:
                if let finished = word { words.append(finished) }
                word = nil
            default: word = (word ?? "") + String(character)
            }
        }
        if let word { words.append(word) }
        guard quote == nil, let program = words.first, !program.isEmpty else {
            throw .unusable(origin: origin, reason: "credential_process is no command, or a quote in it is not closed")
        }
        return words
    }
}
