import Foundation
import JSON

/// A reader of payloads from files and standard input, one per line, which does not wait for the end of the input.
final class PayloadReader {
    /// One payload.
    struct PayloadLine: Equatable {
        var bytes: [UInt8]
        /// Such as `upload.ndjson:7`.
        var origin: String
    }

    /// The result of one read.
    enum Event: Equatable {
        case line(PayloadLine)
        /// No input is available yet; only standard input returns this.
        case pending
        case end
    }

    /// The longest line, in bytes; no stream accepts a larger record.
    static let lineLimit = 16 << 20

    private var paths: ArraySlice<String>
    private var handle: FileHandle?
    private var name = ""
    private var isPipe = false
    private var buffer: [UInt8] = []
    private var start = 0
    private var lineNumber = 0

    /// Creates a reader; checks that all files exist before anything is read.
    ///
    /// - Throws: ``CommandError`` if a file does not exist.
    init(_ paths: [String]) throws {
        for path in paths where path != "-" {
            var isFolder: ObjCBool = false
            guard unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
                throw CommandError(description: "\(path) does not exist or is not readable")
            }
            if isFolder.boolValue { throw CommandError(description: "\(path) is a folder; expected a file") }
        }
        self.paths = paths[...]
    }

    /// The position of the last line, such as `upload.ndjson:7`.
    var position: String { lineNumber > 0 ? "\(name):\(lineNumber)" : "the start" }

    /// Returns the next payload; does not wait for standard input.
    func next() throws -> Event {
        while true {
            if handle == nil {
                guard let path = paths.popFirst() else { return .end }
                try open(path)
            }
            if let line = buffered() { return .line(line) }
            if isPipe, !isReadable(within: 0) { return .pending }
            try fill()
        }
    }

    /// Waits until standard input has data, at most for the given time.
    func wait(milliseconds: Int32) { _ = isReadable(within: milliseconds) }

    private func isReadable(within milliseconds: Int32) -> Bool {
        guard let handle else { return true }
        var descriptor = pollfd(fd: handle.fileDescriptor, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&descriptor, 1, milliseconds) != 0
    }

    private func open(_ path: String) throws {
        (buffer, start, lineNumber) = ([], 0, 0)
        isPipe = path == "-"
        name = path == "-" ? "standard input" : path
        guard path != "-" else {
            handle = FileHandle.standardInput
            return
        }
        do {
            // A file that is one JSON value on several lines is one payload.
            let handle = try FileHandle(forReadingFrom: URL(filePath: path))
            self.handle = handle
            if let value = Self.wholeDocument(of: path) {
                buffer = value + [UInt8(ascii: "\n")]
                _ = try handle.seekToEnd()
            }
        } catch {
            throw CommandError(description: "\(path) cannot be read: \((error as NSError).localizedDescription)")
        }
    }

    /// Returns a small file as one line if it is one JSON value and its first line is not.
    private static func wholeDocument(of path: String) -> [UInt8]? {
        let url = URL(filePath: path)
        guard let size = try? url.resourceValues(forKeys: [.fileSizeKey]).fileSize, size <= 10 << 20,
            let data = try? Data(contentsOf: url)
        else { return nil }
        let bytes = [UInt8](data)
        let firstLine = Array(bytes.prefix { $0 != UInt8(ascii: "\n") })
        guard firstLine.count < bytes.count, !JSONScanner.isOneValue(firstLine), JSONScanner.isOneValue(bytes) else {
            return nil
        }
        // Line ends between the tokens of JSON are white space; strings contain none.
        return bytes.map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 }
    }

    /// Removes the next complete, nonblank line from the buffer.
    private func buffered() -> PayloadLine? {
        while let end = buffer[start...].firstIndex(of: UInt8(ascii: "\n")) {
            lineNumber += 1
            let line = Self.trimmed(buffer[start..<end])
            start = end + 1
            if !line.isEmpty { return PayloadLine(bytes: Array(line), origin: "\(name):\(lineNumber)") }
        }
        return nil
    }

    private func fill() throws {
        buffer.removeFirst(start)
        start = 0
        guard buffer.count <= Self.lineLimit else {
            throw CommandError(description: "\(name):\(lineNumber + 1) is longer than \(Self.lineLimit >> 20) MiB")
        }
        let bytes = try handle.map(available) ?? []
        guard bytes.isEmpty else {
            buffer += bytes
            return
        }
        // The last line may have no line end.
        if !buffer.isEmpty, buffer.last != UInt8(ascii: "\n") {
            buffer.append(UInt8(ascii: "\n"))
        } else {
            handle = nil
        }
    }

    /// Returns the available data, at most 1 MiB; empty at the end of the input.
    ///
    /// `FileHandle` would wait until the buffer is full, and so delay the records of a pipe.
    private func available(in handle: FileHandle) throws -> [UInt8] {
        let capacity = 1 << 20
        while true {
            var failure: Int32 = 0
            // Bounds: read writes at most the capacity, and returns the number of bytes.
            let bytes = unsafe [UInt8](unsafeUninitializedCapacity: capacity) { room, count in
                let result = unsafe read(handle.fileDescriptor, room.baseAddress, capacity)
                if result < 0 { failure = errno }
                count = max(0, result)
            }
            if failure == 0 { return bytes }
            if failure == EINTR { continue }
            throw CommandError(description: "\(name) cannot be read: \(unsafe String(cString: strerror(failure)))")
        }
    }

    private static func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let isBlank = { (byte: UInt8) in byte == 0x20 || byte == 0x09 || byte == 0x0D }
        let rest = line.drop(while: isBlank)
        guard let last = rest.lastIndex(where: { !isBlank($0) }) else { return rest.prefix(0) }
        return rest[...last]
    }
}
