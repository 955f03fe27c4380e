import Glibc

/// Small files: configuration, cached tokens.
enum LocalFile {
    /// What there is at a path.
    enum Content: Equatable {
        case bytes([UInt8])
        case missing
        /// Permission denied.
        case forbidden
        /// In the system's words.
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
                // At most as many bytes as the buffer has.
                unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return .unreadable(Self.systemMessage(errno)) }
            if count == 0 { return .bytes(bytes) }
            bytes += piece[..<count]
            if bytes.count > sizeLimit { return .unreadable("it is longer than \(sizeLimit >> 20) MiB") }
        }
    }

    /// What the system calls an error.
    static func systemMessage(_ code: Int32) -> String { unsafe String(cString: strerror(code)) }
}
