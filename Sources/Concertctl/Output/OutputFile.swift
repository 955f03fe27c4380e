import Foundation
import Synchronization

/// A file that an option names and a command writes, such as `--report FILE`.
///
/// Only a regular file, or one that does not exist yet, is replaced, and as a whole: what is written goes to a draft
/// beside it, which ``finish()`` renames. Links are followed. Pipes and devices are written to, and `-` is standard output.
final class OutputFile {
    private enum Destination {
        case standardOutput
        /// Written as it comes: a pipe, a device, or a file that a descriptor of this process refers to.
        case stream(Int32)
        case draft(Int32, at: String, of: String)
    }

    /// As it was given, with the option that gave it.
    private let path: String
    private let destination: Destination
    private var isOpen = true

    /// Opens the file, so that one that cannot be written is found before long work.
    ///
    /// Waits until a pipe has a reader, or until the task is cancelled.
    ///
    /// - Parameter option: What named it, for errors.
    /// - Throws: ``CommandError``, or `CancellationError`.
    init(_ path: String, option: (any CommandOption)? = nil) throws {
        self.path = (option.map { $0.name + " " } ?? "") + path
        do { destination = try Self.destination(of: path) } catch let failure as SystemError {
            throw Self.error(self.path, failure.number)
        }
    }

    /// Whether it is standard output, so that other text must go elsewhere.
    static func isStandardOutput(_ path: String) -> Bool { path == "-" }

    func write(_ bytes: some Collection<UInt8>) throws {
        switch destination {
        case .standardOutput:
            Output.write(bytes)
            try Output.check()
        case .stream(let descriptor), .draft(let descriptor, _, _):
            if let number = StandardStreams.write(bytes, to: descriptor) { throw Self.error(path, number) }
        }
    }

    /// Puts the file in its place, over one that was there before.
    func finish() throws {
        guard isOpen else { return }
        isOpen = false
        switch destination {
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
        switch destination {
        case .standardOutput: break
        case .stream(let descriptor): close(descriptor)
        case .draft(let descriptor, let draft, _):
            close(descriptor)
            Drafts.discard(draft)
        }
    }

    /// What the system said to a call about the file.
    private struct SystemError: Error {
        var number: Int32
    }

    private static func error(_ path: String, _ number: Int32) -> CommandError {
        CommandError(description: "\(path) cannot be written: \(StandardStreams.message(number))")
    }
}

extension OutputFile {
    /// Removes what is half done, for a program that ends at once.
    static func discardDrafts() { Drafts.discardAll() }
}

/// Finding out what a path is.
extension OutputFile {
    private static let descriptorFolder = "/proc/self/fd"
    /// As many links as Linux follows.
    private static let mostLinks = 40

    private static func destination(of path: String) throws -> Destination {
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
            // The file that one of the streams was redirected to must keep what else is written there.
            if let stream = [STDOUT_FILENO, STDERR_FILENO].first(where: { isFile(status, of: $0) }) {
                return .stream(try duplicate(stream))
            }
            return try draft(of: target, replacing: status)
        case S_IFDIR: throw SystemError(number: EISDIR)
        case S_IFIFO: return .stream(try openPipe(target))
        default: return .stream(try opened(unsafe open(target, O_WRONLY | O_CLOEXEC | O_NOCTTY)))
        }
    }

    /// Where the links of `path` lead, or which descriptor of this process, as `/dev/stdout` and `/dev/fd/63` do.
    private static func followed(_ path: String) throws -> (target: String, descriptor: Int32?) {
        let descriptors = real(descriptorFolder)
        var target = path
        for _ in 0..<mostLinks {
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

    /// Opening a pipe blocks until it has a reader, and an interruption would not end that.
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

    private static func draft(of target: String, replacing present: stat?) throws -> Destination {
        if present != nil, unsafe access(target, W_OK) < 0 { throw SystemError(number: errno) }
        let folder = URL(filePath: target).deletingLastPathComponent().path
        // Its name cannot be guessed, for others may write to the folder.
        let draft = "\(folder)/.concertctl-\(String(UInt64.random(in: .min ... .max), radix: 36))"
        let descriptor = try opened(unsafe open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666))
        Drafts.add(draft)
        if let present {
            // Keeps the permissions of the file that it replaces.
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

/// The drafts that are not in their places yet.
private enum Drafts {
    private static let paths = Mutex<[String]>([])

    static func add(_ path: String) { paths.withLock { $0.append(path) } }

    static func discard(_ path: String) {
        paths.withLock { $0.removeAll { $0 == path } }
        // Gone already when it was renamed.
        _ = unsafe unlink(path)
    }

    static func discardAll() { for path in paths.withLock({ $0 }) { _ = unsafe unlink(path) } }
}
