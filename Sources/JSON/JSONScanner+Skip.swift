/// Values that are validated but not kept.
extension JSONScanner {
    /// Skips one whole value and the white space before it.
    @inlinable @inline(__always)
    package mutating func skipValue(in bytes: Span<UInt8>) throws(JSONError) {
        if shortString(in: bytes) == nil {
            try apart { (scanner) throws(JSONError) in try scanner.skipAnyValue(in: bytes) }
        }
    }

    /// Iterates instead of recursing: one bit for each level says whether it is an object, so the stack does not grow.
    @usableFromInline
    mutating func skipAnyValue(in bytes: Span<UInt8>) throws(JSONError) {
        var containers = NestingBits()
        while true {
            var hasMember = false
            switch try kind(in: bytes) {
            case .string: _ = try string(in: bytes)
            case .number: _ = try number(in: bytes)
            case .null: try literal(.null, in: bytes)
            case .true: try literal(.true, in: bytes)
            case .false: try literal(.false, in: bytes)
            case .object:
                hasMember = try openObject(in: bytes) != nil
                if hasMember { containers.push(isObject: true) }
            case .array:
                hasMember = try openArray(in: bytes)
                if hasMember { containers.push(isObject: false) }
            }
            if hasMember { continue }
            // A value has ended: continue in the innermost container that has another element, or stop at the starting
            // level.
            while true {
                guard let isObject = containers.isObject else { return }
                let goesOn = isObject ? try nextKey(in: bytes) != nil : try nextElement(in: bytes)
                if goesOn { break }
                containers.pop()
            }
        }
    }
}

extension JSONScanner {
    /// Returns whether `bytes` contain exactly one JSON value, optionally surrounded by white space and preceded by a
    /// byte order mark.
    package static func isOneValue(_ bytes: [UInt8]) -> Bool {
        var scanner = JSONScanner()
        do throws(JSONError) {
            scanner.skipByteOrderMark(in: bytes.span)
            try scanner.skipValue(in: bytes.span)
            try scanner.finish(in: bytes.span)
            return true
        } catch {
            return false
        }
    }
}

/// The kind of each open container: one bit for each of ``JSONScanner/depthLimit`` levels.
struct NestingBits {
    /// The bits of the innermost containers; the lowest bit is the innermost.
    private var word: UInt64 = 0
    private var count = 0
    /// The full words of outer containers; rarely used.
    private var outer = InlineArray<8, UInt64>(repeating: 0)
    private var outerCount = 0

    /// Whether the innermost container is an object; nil if none is open.
    var isObject: Bool? { count == 0 ? nil : word & 1 == 1 }

    /// - Precondition: Fewer than 512 containers are open.
    mutating func push(isObject: Bool) {
        if count == 64 {
            outer[outerCount] = word
            (outerCount, count) = (outerCount + 1, 0)
        }
        word = word &<< 1 | (isObject ? 1 : 0)
        count += 1
    }

    mutating func pop() {
        word = word &>> 1
        count -= 1
        if count == 0, outerCount > 0 {
            outerCount -= 1
            (word, count) = (outer[outerCount], 64)
        }
    }
}
