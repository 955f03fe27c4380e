/// Values nobody keeps: checked like all others, and looked at once.
extension JSONScanner {
    /// Passes one whole value, white space before it included.
    @inlinable @inline(__always)
    public mutating func skipValue(in bytes: Span<UInt8>) throws(JSONError) {
        skipWhitespace(in: bytes)
        if bytes.byte(at: offset) == UInt8(ascii: "\"") {
            _ = try string(in: bytes)
        } else {
            try skipAnyValue(in: bytes)
        }
    }

    /// Runs in one loop: which kind of container is open at each level is a bit, so the stack does not grow.
    @usableFromInline
    mutating func skipAnyValue(in bytes: Span<UInt8>) throws(JSONError) {
        let base = depth
        var isObject = NestingBits()
        while true {
            let kind = try kind(in: bytes)
            var hasMember = false
            switch kind {
            case .string: _ = try string(in: bytes)
            case .number: _ = try number(in: bytes)
            case .null, .true, .false: try literal(kind, in: bytes)
            case .object:
                hasMember = try openObject(in: bytes) != nil
                if hasMember { isObject[depth] = true }
            case .array:
                hasMember = try openArray(in: bytes)
                if hasMember { isObject[depth] = false }
            }
            if hasMember { continue }
            // A value has ended: go on in the innermost container that has another, or stop where we began.
            while depth > base {
                let goesOn = isObject[depth] ? try nextKey(in: bytes) != nil : try nextElement(in: bytes)
                if goesOn { break }
            }
            if depth == base { return }
        }
    }
}

extension JSONScanner {
    /// Whether `bytes` are one JSON value, with nothing but white space and a byte order mark around it.
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

/// One bit for each level of nesting.
struct NestingBits {
    private var words = [8 of UInt64](repeating: 0)

    /// - Parameter level: 1 to ``JSONScanner/depthLimit``.
    subscript(level: Int) -> Bool {
        @inline(__always)
        get { words[(level - 1) >> 6] >> UInt64((level - 1) & 63) & 1 == 1 }
        @inline(__always)
        set {
            let bit = UInt64(1) << UInt64((level - 1) & 63)
            if newValue { words[(level - 1) >> 6] |= bit } else { words[(level - 1) >> 6] &= ~bit }
        }
    }
}
