import JSON
import TestSupport

/// Documents: skipping and reading agree, output equals the input, and both agree with Foundation.
struct JSONTarget: FuzzTarget {
    func check(_ bytes: [UInt8]) {
        let refusal = refusal(of: bytes)
        let value = try? JSONValue(parsing: bytes)
        // A tree of values starts without a byte order mark, so the compared text does, too.
        if bytes.first != 0xEF { mustHold((value == nil) == (refusal != nil), "skipping and walking differ") }
        if let value {
            var writer = JSONWriter()
            value.write(to: &writer)
            mustHold((try? JSONValue(parsing: writer.bytes)) == value, "not read as it was written")
        }
        guard FoundationJSON.isComparable(bytes) else { return }
        mustHold(
            FoundationJSON.accepts(bytes) == (refusal == nil),
            "Foundation differs: \(refusal.map { "\($0)" } ?? "accepted")")
    }

    private func refusal(of bytes: [UInt8]) -> JSONError? {
        var scanner = JSONScanner()
        do throws(JSONError) {
            scanner.skipByteOrderMark(in: bytes.span)
            try scanner.skipValue(in: bytes.span)
            try scanner.finish(in: bytes.span)
            return nil
        } catch {
            mustHold((0...bytes.count).contains(scanner.offset), "is at \(scanner.offset) of \(bytes.count)")
            return error
        }
    }
}
