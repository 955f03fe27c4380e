import Glibc

/// A reader of small files, such as configuration and cached tokens.
enum LocalFile {
    /// The content of a path.
    enum Content: Equatable {
        case bytes([UInt8])
        case missing
        /// Permission denied.
        case forbidden
        /// The system's error message.
        case unreadable(String)
    }

    static let sizeLimit = 4 << 20

    static func read(_ path: String) -> Content {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            switch errno {
            case ENOENT, ENOTDIR: return .missing
            case EACCES: return .forbidden
            default: return .unreadable(Self.systemMessage(errno))
            }
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = unsafe piece.withUnsafeMutableBytes { buffer in
                // Reads at most as many bytes as the buffer has.
                unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return .unreadable(Self.systemMessage(errno)) }
            if count == 0 { return .bytes(bytes) }
            bytes += piece[..<count]
            if bytes.count > sizeLimit { return .unreadable("it is longer than \(sizeLimit >> 20) MiB") }
        }
    }

    /// Returns the system's message for an error code.
    static func systemMessage(_ code: Int32) -> String { unsafe String(cString: strerror(code)) }
}
