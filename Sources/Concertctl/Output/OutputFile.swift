import Foundation
import Synchronization

/// An output file that an option names, such as `--report FILE`.
///
/// A regular file is replaced as a whole: the output goes to a draft in the same directory, which ``finish()`` renames.
/// Links are followed. Pipes and devices are written directly, and `-` is standard output.
final class OutputFile {
    private enum Medium {
        case standardOutput
        /// A pipe, a device, or a file that a descriptor of this process refers to, which is written directly.
        case stream(Int32)
        case draft(Int32, at: String, of: String)
    }

    /// The path as given, after the name of the option.
    private let path: String
    private let medium: Medium
    private var isOpen = true

    /// Opens the file before the work starts, so that an unwritable path is reported early.
    ///
    /// Waits until a pipe has a reader or the task is canceled.
    ///
    /// - Parameter option: The option that names the file, for errors.
    /// - Throws: ``CommandError``, or `CancellationError`.
    init(_ path: String, option: (any CommandOption)? = nil) throws {
        self.path = (option.map { $0.name + " " } ?? "") + path
        do { medium = try Self.medium(of: path) } catch let failure as SystemError {
            throw Self.error(self.path, failure.number)
        }
    }

    /// Returns whether a path is standard output, so that other text must go to standard error.
    static func isStandardOutput(_ path: String) -> Bool { path == "-" }

    func write(_ bytes: some Collection<UInt8>) throws {
        switch medium {
        case .standardOutput:
            Output.write(bytes)
            try Output.check()
        case .stream(let descriptor), .draft(let descriptor, _, _):
            if let number = StandardStreams.write(bytes, to: descriptor) { throw Self.error(path, number) }
        }
    }

    /// Closes the file and replaces the previous one.
    func finish() throws {
        guard isOpen else { return }
        isOpen = false
        switch medium {
        case .standardOutput: break
        case .stream(let descriptor): if close(descriptor) < 0 { throw Self.error(path, errno) }
        case .draft(let descriptor, let draft, let target):
            defer { Drafts.discard(draft) }
            if close(descriptor) < 0 { throw Self.error(path, errno) }
            if unsafe rename(draft, target) < 0 { throw Self.error(path, errno) }
        }
    }

    deinit {
        guard isOpen else { return }
        switch medium {
        case .standardOutput: break
        case .stream(let descriptor): close(descriptor)
        case .draft(let descriptor, let draft, _):
            close(descriptor)
            Drafts.discard(draft)
        }
    }

    /// A failed system call.
    private struct SystemError: Error {
        var number: Int32
    }

    private static func error(_ path: String, _ number: Int32) -> CommandError {
        CommandError(description: "cannot write \(path): \(StandardStreams.message(number))")
    }
}

extension OutputFile {
    /// Removes incomplete files before the process ends.
    static func discardDrafts() { Drafts.discardAll() }
}

/// The inspection of paths.
extension OutputFile {
    private static let descriptorFolder = "/proc/self/fd"
    /// The number of links that Linux follows.
    private static let maximumLinks = 40

    private static func medium(of path: String) throws -> Medium {
        if path == "-" { return .standardOutput }
        let (target, descriptor) = try followed(path)
        if let descriptor { return .stream(try duplicate(descriptor)) }
        var status = stat()
        guard unsafe stat(target, &status) == 0 else {
            guard errno == ENOENT else { throw SystemError(number: errno) }
            return try draft(of: target, replacing: nil)
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG:
            // A file that standard output or standard error is redirected to must not be replaced.
            if let stream = [STDOUT_FILENO, STDERR_FILENO].first(where: { isFile(status, of: $0) }) {
                return .stream(try duplicate(stream))
            }
            return try draft(of: target, replacing: status)
        case S_IFDIR: throw SystemError(number: EISDIR)
        case S_IFIFO: return .stream(try openPipe(target))
        default: return .stream(try opened(unsafe open(target, O_WRONLY | O_CLOEXEC | O_NOCTTY)))
        }
    }

    /// Resolves links, including those to a descriptor of this process, such as `/dev/stdout` and `/dev/fd/63`.
    private static func followed(_ path: String) throws -> (target: String, descriptor: Int32?) {
        let descriptors = real(descriptorFolder)
        var target = path
        for _ in 0..<maximumLinks {
            let url = URL(filePath: target)
            let folder = real(url.deletingLastPathComponent().path)
            if let folder, folder == descriptors, let descriptor = Int32(url.lastPathComponent) {
                return (target, descriptor)
            }
            guard let link = try? FileManager.default.destinationOfSymbolicLink(atPath: target) else {
                return (target, nil)
            }
            target = link.utf8.first == UInt8(ascii: "/") ? link : url.deletingLastPathComponent().path + "/" + link
        }
        throw SystemError(number: ELOOP)
    }

    private static func real(_ path: String) -> String? {
        guard let resolved = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(resolved) }
        return unsafe String(cString: resolved)
    }

    private static func isFile(_ status: stat, of descriptor: Int32) -> Bool {
        var other = stat()
        return unsafe fstat(descriptor, &other) == 0 && other.st_dev == status.st_dev && other.st_ino == status.st_ino
    }

    private static func duplicate(_ descriptor: Int32) throws -> Int32 {
        let mode = fcntl(descriptor, F_GETFL)
        if mode >= 0, mode & O_ACCMODE == O_RDONLY { throw SystemError(number: EBADF) }
        return try opened(fcntl(descriptor, F_DUPFD_CLOEXEC, 3))
    }

    /// Opens a pipe without blocking, because an interruption could not end a blocking call.
    private static func openPipe(_ target: String) throws -> Int32 {
        while true {
            let descriptor = unsafe open(target, O_WRONLY | O_CLOEXEC | O_NONBLOCK)
            if descriptor >= 0 {
                _ = fcntl(descriptor, F_SETFL, O_WRONLY)
                return descriptor
            }
            guard errno == ENXIO else { throw SystemError(number: errno) }
            try Task.checkCancellation()
            usleep(20_000)
        }
    }

    private static func draft(of target: String, replacing present: stat?) throws -> Medium {
        if present != nil, unsafe access(target, W_OK) < 0 { throw SystemError(number: errno) }
        let folder = URL(filePath: target).deletingLastPathComponent().path
        // The name is random, because others may have write access to the directory.
        let draft = "\(folder)/.concertctl-\(String(UInt64.random(in: .min ... .max), radix: 36))"
        let descriptor = try opened(unsafe open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666))
        Drafts.add(draft)
        if let present {
            // Keep the permissions of the replaced file.
            _ = fchown(descriptor, present.st_uid, present.st_gid)
            _ = fchmod(descriptor, present.st_mode & 0o7777)
        }
        return .draft(descriptor, at: draft, of: target)
    }

    private static func opened(_ descriptor: Int32) throws -> Int32 {
        guard descriptor >= 0 else { throw SystemError(number: errno) }
        return descriptor
    }
}

/// The drafts that have not been renamed yet.
private enum Drafts {
    private static let paths = Mutex<[String]>([])

    static func add(_ path: String) { paths.withLock { $0.append(path) } }

    static func discard(_ path: String) {
        paths.withLock { $0.removeAll { $0 == path } }
        // Fails harmlessly if the draft was renamed.
        _ = unsafe unlink(path)
    }

    static func discardAll() { for path in paths.withLock({ $0 }) { _ = unsafe unlink(path) } }
}
