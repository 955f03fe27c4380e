import CZlib
import Foundation

/// A zip file, of which single files are read.
///
/// Source: <https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>
struct ZipArchive: Sendable {
    /// Lambda's limit for unzipped code, in bytes.
    ///
    /// Source: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
    static let sizeLimit = 250 << 20

    /// Why a file cannot be read; follows the archive's name.
    enum Failure: Error, CustomStringConvertible {
        case unreadable
        case tooLarge
        case notZip
        case missing(String)
        case damaged(String)

        var description: String {
            switch self {
            case .unreadable: "cannot be read"
            case .tooLarge: "is larger than \(sizeLimit >> 20) MB, the limit of Lambda"
            case .notZip: "is not a zip file"
            case .missing(let name): "has no file \(name) at its top level"
            case .damaged(let name): "has a damaged file \(name)"
            }
        }
    }

    let bytes: Data

    init(path: String) throws(Failure) {
        guard let data = try? Data(contentsOf: URL(filePath: path), options: .mappedIfSafe) else { throw .unreadable }
        try self.init(data)
    }

    init(_ data: Data) throws(Failure) {
        guard data.count <= Self.sizeLimit else { throw .tooLarge }
        bytes = data
    }

    /// - Returns: The content of the file.
    func file(named name: String) throws(Failure) -> Data {
        var (offset, count) = try directory()
        while count > 0 {
            guard number(at: offset, width: 4) == 0x0201_4B50, let method = number(at: offset + 10, width: 2),
                let packed = number(at: offset + 20, width: 4), let size = number(at: offset + 24, width: 4),
                let nameSize = number(at: offset + 28, width: 2), let extra = number(at: offset + 30, width: 2),
                let comment = number(at: offset + 32, width: 2), let start = number(at: offset + 42, width: 4),
                let found = part(at: offset + 46, count: nameSize)
            else { throw .notZip }
            if found.elementsEqual(name.utf8) {
                guard size <= Self.sizeLimit else { throw .tooLarge }
                guard let data = content(at: start, packed: packed),
                    let file = method == 0 ? data : method == 8 ? Self.inflated(data, size: size) : nil,
                    file.count == size
                else { throw .damaged(name) }
                return file
            }
            offset += 46 + nameSize + extra + comment
            count -= 1
        }
        throw .missing(name)
    }

    /// Where the central directory begins, and how many files it lists.
    private func directory() throws(Failure) -> (offset: Int, count: Int) {
        // A comment of up to 64 KiB may follow the record.
        let last = bytes.count - 22
        guard last >= 0 else { throw .notZip }
        for offset in stride(from: last, through: max(0, last - 0xFFFF), by: -1)
        where number(at: offset, width: 4) == 0x0605_4B50 {
            guard let count = number(at: offset + 10, width: 2), let start = number(at: offset + 16, width: 4) else {
                break
            }
            return (start, count)
        }
        throw .notZip
    }

    /// A file's data, which follow a header of its own.
    private func content(at start: Int, packed: Int) -> Data? {
        guard number(at: start, width: 4) == 0x0403_4B50, let name = number(at: start + 26, width: 2),
            let extra = number(at: start + 28, width: 2)
        else { return nil }
        return part(at: start + 30 + name + extra, count: packed)
    }

    private func part(at offset: Int, count length: Int) -> Data? {
        guard offset >= 0, length >= 0, offset <= bytes.count, length <= bytes.count - offset else { return nil }
        return bytes[bytes.startIndex + offset..<bytes.startIndex + offset + length]
    }

    /// A little-endian number of up to 4 bytes; nil where it is not all there.
    private func number(at offset: Int, width: Int) -> Int? {
        part(at: offset, count: width)?.reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    /// Inflates data without a header; nil when they are damaged, or of another size.
    private static func inflated(_ data: Data, size: Int) -> Data? {
        var stream = unsafe z_stream()
        // 15 bits of window; negative asks for data without a header.
        guard unsafe inflateInit2_(&stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            return nil
        }
        defer { unsafe _ = inflateEnd(&stream) }
        var input = Array(data)
        // One byte more than the expected size, to detect longer data.
        var output = [UInt8](repeating: 0, count: size + 1)
        let code = unsafe input.withUnsafeMutableBufferPointer { input in
            unsafe output.withUnsafeMutableBufferPointer { room in
                // Bounds: both pairs describe the two buffers alone, and outlive the call.
                unsafe stream.next_in = input.baseAddress
                unsafe stream.avail_in = UInt32(clamping: input.count)
                unsafe stream.next_out = room.baseAddress
                unsafe stream.avail_out = UInt32(clamping: room.count)
                return unsafe CZlib.inflate(&stream, Z_FINISH)
            }
        }
        guard code == Z_STREAM_END, unsafe stream.avail_out == 1 else { return nil }
        return Data(output.dropLast())
    }
}
