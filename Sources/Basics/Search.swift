// The standard library's search links its regular expression engine, which is a twelfth of a static binary.

extension Collection where Element: Equatable {
    /// Returns the range of the first occurrence of `part`, or nil if there is none or `part` is empty.
    package func range<Part: Collection<Element>>(of part: Part) -> Range<Index>? {
        guard let first = part.first else { return nil }
        var start = startIndex
        while let candidate = self[start...].firstIndex(of: first) {
            var (end, rest) = (candidate, part[...])
            while let wanted = rest.first, end != endIndex, self[end] == wanted {
                rest.removeFirst()
                end = index(after: end)
            }
            if rest.isEmpty { return candidate..<end }
            start = index(after: candidate)
        }
        return nil
    }
}

// Other modules cannot specialize the generic search, which takes 30 times as long.
extension ArraySlice<UInt8> {
    /// Returns the range of the first occurrence of `part`, or nil if there is none or `part` is empty.
    package func range(of part: [UInt8]) -> Range<Int>? {
        guard let first = part.first, part.count <= count else { return nil }
        let text = span
        let end = count - part.count + 1
        var position = 0
        while let candidate = text.firstIndex(of: first, in: position..<end) {
            let start = startIndex + candidate
            if self[start...].starts(with: part) { return start..<start + part.count }
            position = candidate + 1
        }
        return nil
    }
}

extension [UInt8] {
    /// Returns the range of the first occurrence of `part`, or nil if there is none or `part` is empty.
    package func range(of part: [UInt8]) -> Range<Int>? { self[...].range(of: part) }
}

extension String {
    /// Returns whether both texts have the same UTF-8; `==` treats canonically equivalent texts as equal.
    package func hasSameBytes(as other: String) -> Bool {
        utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8)
    }

    /// Returns whether the text contains `part`, byte for byte.
    package func contains(bytes part: String) -> Bool { utf8.range(of: part.utf8) != nil }
}

extension [UInt8] {
    /// The lines without their ends (LF, CR or both), without those that have only spaces and tabs.
    package var filledLines: [ArraySlice<UInt8>] {
        split { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }
            .filter { !$0.allSatisfy { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") } }
    }

    /// Returns the number of the line, from 1, at each of some offsets, which must not decrease.
    package func lineNumbers(at offsets: [Int]) -> [Int] {
        let text = span
        var (line, position) = (1, 0)
        return offsets.map { offset in
            while position < offset, let end = text.firstIndex(of: UInt8(ascii: "\n"), in: position..<offset) {
                (line, position) = (line + 1, end + 1)
            }
            position = Swift.max(position, offset)
            return line
        }
    }

    /// Returns a copy with every occurrence of `part` replaced by `other`.
    package func substituting(_ part: [UInt8], with other: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var rest = self[...]
        while let range = rest.range(of: part) {
            result += rest[..<range.lowerBound] + other
            rest = rest[range.upperBound...]
        }
        return result + rest
    }
}

extension String {
    /// Returns a copy with every occurrence of `part` replaced by `other`, byte for byte.
    package func substituting(_ part: String, with other: String) -> String {
        String(decoding: Array(utf8).substituting(Array(part.utf8), with: Array(other.utf8)), as: UTF8.self)
    }
}
