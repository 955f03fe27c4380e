import Foundation
import JSON

/// Payloads of files and of standard input, one a line, read as they come.
final class PayloadReader {
    /// One payload.
    struct Line: Equatable {
        var bytes: [UInt8]
        /// Such as `upload.ndjson:7`.
        var origin: String
    }

    /// What the next look at the input brought.
    enum Event: Equatable {
        case line(Line)
        /// Nothing for now; only standard input says so.
        case pending
        case end
    }

    /// A line longer than this is no record of any stream.
    static let lineLimit = 16 << 20

    private var paths: ArraySlice<String>
    private var handle: FileHandle?
    private var name = ""
    private var isPipe = false
    private var buffer: [UInt8] = []
    private var start = 0
    private var lineNumber = 0

    /// - Throws: ``CommandError`` for a file that does not exist, before anything is read.
    init(_ paths: [String]) throws {
        for path in paths where path != "-" {
            var isFolder: ObjCBool = false
            guard unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
                throw CommandError(description: "\(path) does not exist, or may not be read")
            }
            if isFolder.boolValue { throw CommandError(description: "\(path) is a folder; name its files") }
        }
        self.paths = paths[...]
    }

    /// Where the last line stood, such as `upload.ndjson:7`.
    var position: String { lineNumber > 0 ? "\(name):\(lineNumber)" : "the start" }

    /// The next payload; does not wait for standard input.
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

    /// Waits until standard input has something, at most some milliseconds.
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
            // A file that is one JSON value on many lines is one payload.
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

    /// The one JSON value of a small file whose first line is not one by itself, on one line.
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
        // Line ends between the tokens of one value are white space; inside strings there are none.
        return bytes.map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 }
    }

    /// Takes the next whole line out of the buffer; empty ones are passed over.
    private func buffered() -> Line? {
        while let end = buffer[start...].firstIndex(of: UInt8(ascii: "\n")) {
            lineNumber += 1
            let line = Self.trimmed(buffer[start..<end])
            start = end + 1
            if !line.isEmpty { return Line(bytes: Array(line), origin: "\(name):\(lineNumber)") }
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
        // The last line needs no line end.
        if !buffer.isEmpty, buffer.last != UInt8(ascii: "\n") {
            buffer.append(UInt8(ascii: "\n"))
        } else {
            handle = nil
        }
    }

    /// What can be read at once, at most 1 MiB; nothing at the end.
    ///
    /// `FileHandle` would wait for all of it, and a pipe's records with it.
    private func available(in handle: FileHandle) throws -> [UInt8] {
        let capacity = 1 << 20
        while true {
            var failure: Int32 = 0
            // Bounds: read writes no more than the capacity, and says how much.
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
