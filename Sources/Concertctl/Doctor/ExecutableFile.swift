import Foundation

/// The header of an ELF file: its architecture and whether it is static.
///
/// Source: <https://refspecs.linuxfoundation.org/elf/gabi4+/contents.html>
struct ExecutableFile: Sendable, Equatable {
    /// The reason why a file cannot be parsed; the description follows the name of the file.
    enum Failure: Error, CustomStringConvertible {
        case unreadable
        case notELF
        case otherKind
        case cutShort

        var description: String {
            switch self {
            case .unreadable: "cannot be read"
            case .notELF: "is not an ELF file"
            case .otherKind: "is an ELF file of another kind; expected 64 bits, little-endian"
            case .cutShort: "is truncated: its header refers to missing data"
            }
        }
    }

    /// Lambda's name of the architecture, `x86_64` or `arm64`; others by number.
    let machine: String
    /// The required dynamic linker, or nil in a static file.
    let interpreter: String?
    /// Whether the file requires shared libraries.
    let hasSharedLibraries: Bool

    var isStatic: Bool { interpreter == nil && !hasSharedLibraries }

    init(path: String) throws(Failure) {
        guard let data = try? Data(contentsOf: URL(filePath: path), options: .mappedIfSafe) else { throw .unreadable }
        try self.init(data)
    }

    init(_ file: Data) throws(Failure) {
        guard file.starts(with: [0x7F, 0x45, 0x4C, 0x46]) else { throw .notELF }
        guard file.number(at: 4, width: 2) == 0x0102 else { throw .otherKind }
        guard let machine = file.number(at: 18, width: 2), let table = file.number(at: 32, width: 8),
            let entrySize = file.number(at: 54, width: 2), let count = file.number(at: 56, width: 2), entrySize >= 56
        else { throw .cutShort }
        var interpreter: String?
        var hasSharedLibraries = false
        for index in 0..<count {
            let (entry, isBeyond) = table.addingReportingOverflow(index * entrySize)
            guard !isBeyond, entry < Int.max - 64, let type = file.number(at: entry, width: 4),
                let start = file.number(at: entry + 8, width: 8),
                let size = file.number(at: entry + 32, width: 8)
            else { throw .cutShort }
            if type == Segment.interpreter {
                guard let bytes = file.bytes(at: start, count: size) else { throw .cutShort }
                interpreter = String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            } else if type == Segment.dynamic {
                guard let bytes = file.bytes(at: start, count: size) else { throw .cutShort }
                hasSharedLibraries = Self.namesLibraries(bytes)
            }
        }
        (self.interpreter, self.hasSharedLibraries) = (interpreter, hasSharedLibraries)
        switch machine {
        case 62: self.machine = "x86_64"
        case 183: self.machine = "arm64"
        default: self.machine = "machine \(machine)"
        }
    }

    /// The segment types `PT_DYNAMIC` and `PT_INTERP`.
    private enum Segment {
        static let dynamic = 2
        static let interpreter = 3
    }

    /// Returns whether a dynamic section contains a `DT_NEEDED` entry.
    private static func namesLibraries(_ section: Data) -> Bool {
        for offset in stride(from: 0, to: section.count, by: 16) {
            switch section.number(at: offset, width: 8) {
            case 1: return true
            case 0, nil: return false
            default: continue
            }
        }
        return false
    }
}

extension Data {
    /// Returns a part by its offset from the start, or nil if it exceeds the data.
    fileprivate func bytes(at offset: Int, count length: Int) -> Data? {
        guard offset >= 0, length >= 0, offset <= count, length <= count - offset else { return nil }
        return self[startIndex + offset..<startIndex + offset + length]
    }

    /// Returns a little-endian number, or nil if it exceeds the data or `Int`.
    fileprivate func number(at offset: Int, width: Int) -> Int? {
        guard let bytes = bytes(at: offset, count: width) else { return nil }
        return Int(exactly: bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    }
}
