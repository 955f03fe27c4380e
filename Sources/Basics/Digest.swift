import CCrypto

/// SHA-256 and HMAC-SHA-256 of OpenSSL's libcrypto.
package enum SHA256 {
    static let length = 32

    package static func digest(of bytes: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: length)
        unsafe bytes.withUnsafeBufferPointer { input in
            unsafe digest.withUnsafeMutableBufferPointer { output in
                // `output` has the 32 bytes that CCrypto writes.
                _ = unsafe CCrypto.SHA256(input.baseAddress, input.count, output.baseAddress)
            }
        }
        return digest
    }

    package static func authenticationCode(of bytes: [UInt8], key: [UInt8]) -> [UInt8] {
        var code = [UInt8](repeating: 0, count: length)
        unsafe key.withUnsafeBufferPointer { key in
            unsafe bytes.withUnsafeBufferPointer { input in
                unsafe code.withUnsafeMutableBufferPointer { output in
                    // `output` has the 32 bytes that HMAC writes for SHA-256; keys are far smaller than 2 GiB.
                    _ = unsafe HMAC(
                        EVP_sha256(), key.baseAddress, Int32(clamping: key.count), input.baseAddress, input.count,
                        output.baseAddress, nil)
                }
            }
        }
        return code
    }
}

/// SHA-1, which names the files of cached SSO tokens and is not used for security.
package enum SHA1 {
    package static func digest(of bytes: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 20)
        unsafe bytes.withUnsafeBufferPointer { input in
            unsafe digest.withUnsafeMutableBufferPointer { output in
                // `output` has the 20 bytes that CCrypto writes.
                _ = unsafe CCrypto.SHA1(input.baseAddress, input.count, output.baseAddress)
            }
        }
        return digest
    }
}

/// The MD5 hash, which detects damage in KPL aggregates and in SQS's copy of a message; it is not used for security.
package enum MD5 {
    package static let length = 16

    package static func digest(of bytes: Span<UInt8>) -> [UInt8] {
        // MD5 writes 16 bytes, which is the capacity of the array, and reads at most `count` bytes.
        unsafe Array(unsafeUninitializedCapacity: length) { digest, count in
            unsafe bytes.withUnsafeBufferPointer { input in
                _ = unsafe CCrypto.MD5(input.baseAddress, input.count, digest.baseAddress)
            }
            count = length
        }
    }
}

extension Sequence<UInt8> {
    /// The bytes as two lower-case hexadecimal digits each.
    package var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
