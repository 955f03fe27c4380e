import CCrypto

/// The MD5 hash, which detects damage in KPL aggregates and in SQS's copy of a message; it is not used for security.
enum MD5 {
    static let length = 16

    static func digest(of bytes: Span<UInt8>) -> [UInt8] {
        // MD5 writes 16 bytes, which is the capacity of the array, and reads at most `count` bytes.
        unsafe Array(unsafeUninitializedCapacity: length) { digest, count in
            unsafe bytes.withUnsafeBufferPointer { input in
                _ = unsafe CCrypto.MD5(input.baseAddress, input.count, digest.baseAddress)
            }
            count = length
        }
    }
}
