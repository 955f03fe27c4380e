@testable import Clients

/// Replies of a cache: parsed to the same values in pieces of any size.
struct RESPTarget: FuzzTarget {
    func check(_ bytes: [UInt8]) {
        let whole = Self.values(of: bytes, step: max(1, bytes.count))
        for step in [1, 3, 7] {
            let pieces = Self.values(of: bytes, step: step)
            mustHold(pieces.refused == whole.refused, "refused or not, by pieces of \(step)")
            mustHold(pieces.values == whole.values, "other values by pieces of \(step)")
        }
    }

    private static func values(of bytes: [UInt8], step: Int) -> (values: [RESPValue], refused: Bool) {
        var parser = RESPParser()
        var values: [RESPValue] = []
        var position = 0
        do throws(RedisError) {
            while position < bytes.count {
                parser.buffer += bytes[position..<min(bytes.count, position + step)]
                position += step
                while let value = try parser.next() { values.append(value) }
            }
        } catch {
            mustHold(!"\(error)".isEmpty, "refused without a word")
            return (values, true)
        }
        return (values, false)
    }
}
