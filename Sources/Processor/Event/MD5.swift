import CCrypto

/// MD5, which detects damage in KPL aggregates and in SQS's copy of a message, and protects nothing.
enum MD5 {
    static let length = 16

    static func digest(of bytes: Span<UInt8>) -> [UInt8] {
        // MD5 writes 16 bytes, which is what the array has room for, and reads no more than the count given.
        unsafe Array(unsafeUninitializedCapacity: length) { digest, count in
            unsafe bytes.withUnsafeBufferPointer { input in
                _ = unsafe CCrypto.MD5(input.baseAddress, input.count, digest.baseAddress)
            }
            count = length
        }
    }
}
