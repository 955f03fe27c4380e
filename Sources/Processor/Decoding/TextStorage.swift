import Basics
import JSON

/// The storage of the values of one batch's records, with all texts in one buffer.
struct TextStorage: Sendable {
    /// The texts, followed by unused memory after ``count``; the buffer grows, and the next batch reuses it.
    private(set) var bytes: [UInt8]
    /// The number of bytes in use.
    private(set) var count: Int
    /// The elements of lists.
    var items: [Text] = []
    /// The values of fields, record after record, followed by unused memory after ``valueCount``.
    var values: [FieldValue] = []
    private(set) var valueCount = 0
    private let constantCount: Int

    /// - Parameter constants: Texts that every batch can refer to; the first one is the digit of ``Number/zero``.
    init(constants: [UInt8] = [UInt8(ascii: "0")]) {
        bytes = constants
        count = constants.count
        constantCount = count
    }

    /// The memory in use, in bytes.
    var size: Int {
        count + items.count * MemoryLayout<Text>.stride + valueCount * MemoryLayout<FieldValue>.stride
    }

    /// Removes everything except the constants, and keeps the memory.
    mutating func removeAll() {
        count = constantCount
        items.removeAll(keepingCapacity: true)
        valueCount = 0
    }

    /// A state that ``roll(back:)`` returns to.
    struct Mark: Sendable, Equatable {
        var bytes: Int
        var items: Int
        var values: Int
    }

    var mark: Mark { Mark(bytes: count, items: items.count, values: valueCount) }

    /// Removes everything that was added after `mark`.
    mutating func roll(back mark: Mark) {
        count = mark.bytes
        if items.count > mark.items { items.removeLast(items.count - mark.items) }
        valueCount = mark.values
    }

    /// Allocates a record's values, all of which the caller must set.
    ///
    /// - Returns: The position of the first value.
    @inline(__always)
    mutating func beginValues(_ count: Int) -> Int {
        let first = valueCount
        valueCount = first &+ count
        if valueCount > values.count { growValues() }
        return first
    }

    private mutating func growValues() {
        let room = min(max(256, values.count / 4), 8192)
        values.append(contentsOf: repeatElement(.absent, count: valueCount - values.count + room))
    }

    func string(_ text: Text) -> String { bytes.span.string(text.range) }

    func list(from start: Int) -> TextList? {
        guard items.count > start else { return nil }
        return TextList(start: UInt32(start), count: UInt32(items.count - start))
    }
}

/// Adding and modifying texts.
extension TextStorage {
    /// Appends `range` of `source`.
    ///
    /// - Returns: The range in ``bytes``.
    @inline(__always)
    mutating func append(_ range: Range<Int>, of source: Span<UInt8>) -> Range<Int> {
        if let text = appendShort(range.lowerBound, count: range.count, of: source) { return text.range }
        let start = count
        appendLong(source.extracting(range))
        count = start + range.count
        return start..<count
    }

    /// Appends `count` bytes from `start` on; returns nil if they are more than a block, or if a block does not fit.
    ///
    /// This is the fast path, because most texts are short.
    @inline(__always)
    mutating func appendShort(_ start: Int, count length: Int, of source: Span<UInt8>) -> Text? {
        var count = count
        defer { self.count = count }
        var room = bytes.mutableSpan
        return Self.appendShort(start, count: length, of: source, to: &room, &count)
    }

    /// Sets the values of a record that are absent or short plain texts, as most are.
    ///
    /// - Parameters:
    ///   - first: The position of the record's first value.
    ///   - members: The members by ID; those of the record are marked with `stamp`.
    /// - Returns: One bit for each field that has or requires another value.
    @inline(__always)
    mutating func setShortTexts(
        of fields: Range<Int>, _ sources: [DecodingPlans.Source], at first: Int, from members: [ScannedFields.Member],
        _ stamp: UInt16, in bytes: Span<UInt8>
    ) -> UInt128 {
        Self.setShortTexts(
            of: sources.span.extracting(fields), from: members.span, stamp, in: bytes, &values, first, &self.bytes,
            &count)
    }

    /// The same, with each part of the storage as a separate parameter, so that all can be modified at the same time.
    @inline(__always)
    private static func setShortTexts(
        of sources: Span<DecodingPlans.Source>, from members: Span<ScannedFields.Member>, _ stamp: UInt16,
        in bytes: Span<UInt8>, _ values: inout [FieldValue], _ first: Int, _ texts: inout [UInt8], _ end: inout Int
    ) -> UInt128 {
        var slots = values.mutableSpan
        var room = texts.mutableSpan
        var count = end
        var rest: UInt128 = 0
        for index in sources.indices {
            let source = sources[index]
            var value = members[Int(source.key)].value
            if value.stamp != stamp { value = members[Int(source.other)].value }
            if value.stamp != stamp {
                slots[first &+ index] = .absent
                if source.needsValue { rest |= 1 &<< UInt128(truncatingIfNeeded: index) }
            } else if source.allowsShortText, value.isPlainText(of: bytes),
                let text = appendShort(
                    Int(value.start), count: Int(value.end &- value.start), of: bytes, to: &room, &count)
            {
                slots[first &+ index] = .text(text)
            } else {
                rest |= 1 &<< UInt128(truncatingIfNeeded: index)
            }
        }
        end = count
        return rest
    }

    @inline(__always)
    private static func appendShort(
        _ start: Int, count length: Int, of source: Span<UInt8>, to room: inout MutableSpan<UInt8>, _ count: inout Int
    ) -> Text? {
        let target = count
        guard length <= StringBlock.size, target >= 0, target <= room.count &- StringBlock.size else { return nil }
        // In bounds by the guard. The bytes after the text are overwritten later.
        var room = unsafe room.mutableBytes
        unsafe room.storeBytes(
            of: source.stringBlock(at: start).bytes, toUncheckedByteOffset: target, as: SIMD32<UInt8>.self)
        count = target &+ length
        return Text(start: UInt32(truncatingIfNeeded: target), count: UInt32(truncatingIfNeeded: length))
    }

    private mutating func appendLong(_ source: Span<UInt8>) {
        let missing = count + source.count - bytes.count
        if missing > 0 {
            // Reserves memory for more texts, but little compared with the memory of a batch of large texts.
            let room = min(max(4096, bytes.count / 4), 1024 * 1024)
            bytes.append(contentsOf: repeatElement(0, count: missing + room))
        }
        let start = count
        unsafe bytes.withUnsafeMutableBytes { target in
            unsafe source.withUnsafeBytes { source in
                // In bounds: the memory was enlarged before.
                unsafe UnsafeMutableRawBufferPointer(rebasing: target[start...]).copyMemory(from: source)
            }
        }
    }

    /// Appends `text`.
    mutating func append(_ text: [UInt8]) -> Range<Int> { append(0..<text.count, of: text.span) }

    /// Converts ASCII letters in `range` of ``bytes`` to lower case.
    mutating func lowercaseASCII(_ range: Range<Int>) {
        for index in range where bytes[index] &- UInt8(ascii: "A") < 26 { bytes[index] |= 0x20 }
    }
}
