import Basics

/// A command about one key.
package struct RedisCommand: Sendable, Equatable {
    package var arguments: [[UInt8]]
    /// The index of the key in `arguments`, which determines the node in a cluster.
    package var keyIndex: Int
    /// The script whose digest the command contains, if it runs one.
    var script: RedisScript?

    /// - Parameter keyIndex: The index of the key, which is 1 for most commands.
    package init(_ arguments: [[UInt8]], keyIndex: Int = 1) { (self.arguments, self.keyIndex) = (arguments, keyIndex) }

    package init(_ words: String..., keyIndex: Int = 1) {
        self.init(words.map { Array($0.utf8) }, keyIndex: keyIndex)
    }

    /// Creates a command that runs a script by its digest; a server that does not know the digest also gets the source.
    ///
    /// - Parameter others: More keys; in a cluster, of the same slot.
    package init(_ script: RedisScript, key: [UInt8], others: [[UInt8]] = [], _ arguments: [[UInt8]]) {
        let head = ["EVALSHA", script.digest, String(others.count + 1)].map { Array($0.utf8) }
        self.init(head + [key] + others + arguments, keyIndex: 3)
        self.script = script
    }

    /// The same command with the script's source instead of its digest.
    var withSource: RedisCommand {
        guard let script else { return self }
        var command = self
        command.arguments.replaceSubrange(0..<2, with: [Array("EVAL".utf8), Array(script.source.utf8)])
        return command
    }

    /// The key; empty if there is none.
    package var key: [UInt8] { arguments.indices.contains(keyIndex) ? arguments[keyIndex] : [] }

    var slot: Int { HashSlot.slot(of: key) }
}

/// A Lua script, which a server knows by its digest once it has run it.
///
/// Source: <https://redis.io/docs/latest/develop/programmability/eval-intro/>
package struct RedisScript: Sendable, Equatable {
    package let source: String
    let digest: String

    package init(_ source: String) {
        self.source = source
        digest = SHA1.digest(of: Array(source.utf8)).hexadecimal
    }
}

/// The hash slot of a key in a cluster.
package enum HashSlot {
    package static let count = 16_384

    /// Returns the CRC-16 (XMODEM) of the key or, if not empty, of the text between its first braces.
    package static func slot(of key: [UInt8]) -> Int {
        var hashed = key[...]
        if let open = key.firstIndex(of: UInt8(ascii: "{")),
            let close = key[(open + 1)...].firstIndex(of: UInt8(ascii: "}")), close > open + 1
        {
            hashed = key[(open + 1)..<close]
        }
        var crc: UInt16 = 0
        for byte in hashed {
            crc ^= UInt16(byte) << 8
            for _ in 0..<8 { crc = crc & 0x8000 != 0 ? crc << 1 ^ 0x1021 : crc << 1 }
        }
        return Int(crc) % count
    }
}
