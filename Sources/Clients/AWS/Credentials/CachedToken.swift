import Glibc
import JSON

/// A file with cached tokens, shared with the AWS CLI.
struct CachedToken: Sendable {
    let path: String

    /// Returns nil if the file is missing or is not a JSON object.
    func read() -> JSONObject? {
        guard case .bytes(let bytes) = LocalFile.read(path) else { return nil }
        return (try? JSONValue(parsing: bytes))?.object
    }

    /// A new file in the same folder, which replaces the old one once it is complete.
    ///
    /// It is created before a token is renewed: a new token that cannot be stored would end the session, because the
    /// service may accept the old refresh token only once.
    struct Replacement {
        private let path: String
        private let temporaryPath: String
        private let descriptor: Int32

        /// Fails if the folder is not writable.
        init?(of path: String) {
            self.path = path
            var name = (path + ".XXXXXX").utf8CString.map { $0 }
            // The call reads and writes only within the terminated name; the file's mode is 0600.
            descriptor = unsafe mkstemp(&name)
            guard descriptor >= 0 else { return nil }
            temporaryPath = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        }

        /// Replaces the file; returns false if the content cannot be written.
        func commit(_ content: JSONObject) -> Bool {
            let bytes = JSONValue.object(content).bytes
            var written = 0
            while written < bytes.count {
                let count = unsafe bytes[written...].withUnsafeBytes {
                    unsafe write(descriptor, $0.baseAddress, $0.count)
                }
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { break }
                written += count
            }
            let isComplete = written == bytes.count && fsync(descriptor) == 0
            close(descriptor)
            guard isComplete, unsafe rename(temporaryPath, path) == 0 else {
                unsafe unlink(temporaryPath)
                return false
            }
            return true
        }

        /// Keeps the old file.
        func discard() {
            close(descriptor)
            unsafe unlink(temporaryPath)
        }
    }
}

extension JSONObject {
    /// Returns the text of a member; nil if it is missing, empty, or invalid in a header.
    func token(_ name: String) -> String? {
        self[name]?.string.flatMap { text in
            text.isEmpty || text.utf8.contains { $0 < 0x20 || $0 == 0x7F } ? nil : text
        }
    }
}
