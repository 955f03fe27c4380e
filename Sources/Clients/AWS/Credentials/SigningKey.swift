import CCrypto

/// A private P-256 key of OpenSSL's libcrypto.
///
/// The class is safe because the pointer is valid until the object is freed and is never exposed.
@safe final class SigningKey {
    private let key: OpaquePointer

    /// Fails unless `pem` is one unencrypted P-256 key in PEM format.
    init?(pem: String) {
        let lines = pem.utf8.prefix(8 << 10).split { $0 == 0x0A || $0 == 0x0D }
        let body = lines.filter { !$0.starts(with: "-----".utf8) }.flatMap { $0 }
        guard let der = Self.decodedBase64(body), !der.isEmpty else { return nil }
        let key: OpaquePointer? = unsafe der.withUnsafeBufferPointer { buffer in
            // The call reads at most `count` bytes.
            var start = buffer.baseAddress
            return unsafe d2i_AutoPrivateKey(nil, &start, buffer.count)
        }
        guard let key = unsafe key else { return nil }
        unsafe self.key = key
        if publicPoint() == nil { return nil }
    }

    deinit { unsafe EVP_PKEY_free(key) }

    /// Returns the two coordinates, 32 bytes each.
    func publicPoint() -> (x: [UInt8], y: [UInt8])? {
        var point = [UInt8](repeating: 0, count: 133)
        var count = 0
        let result = unsafe point.withUnsafeMutableBufferPointer { buffer in
            unsafe EVP_PKEY_get_octet_string_param(key, "pub", buffer.baseAddress, buffer.count, &count)
        }
        // An uncompressed point of this curve: 4, then both coordinates.
        guard result == 1, count == 65, point[0] == 4 else { return nil }
        return (Array(point[1..<33]), Array(point[33..<65]))
    }

    /// Returns the signature of the SHA-256 digest of `bytes`: two numbers of 32 bytes each.
    func signature(of bytes: [UInt8]) -> [UInt8]? {
        guard let context = unsafe EVP_MD_CTX_new() else { return nil }
        defer { unsafe EVP_MD_CTX_free(context) }
        guard unsafe EVP_DigestSignInit(context, nil, EVP_sha256(), nil, key) == 1 else { return nil }
        var signature = [UInt8](repeating: 0, count: 256)
        var count = signature.count
        let result = unsafe bytes.withUnsafeBufferPointer { input in
            unsafe signature.withUnsafeMutableBufferPointer { output in
                // `count` is the capacity before the call and the number of written bytes after it.
                unsafe EVP_DigestSign(context, output.baseAddress, &count, input.baseAddress, input.count)
            }
        }
        guard result == 1, count <= signature.count else { return nil }
        return Self.numbers(in: signature[..<count])
    }

    /// Returns the two integers of a DER sequence, each in 32 bytes.
    private static func numbers(in der: ArraySlice<UInt8>) -> [UInt8]? {
        guard der.count >= 2, der[der.startIndex] == 0x30 else { return nil }
        var rest = der.dropFirst(2)
        var result: [UInt8] = []
        for _ in 0..<2 {
            guard rest.count >= 2, rest.first == 0x02 else { return nil }
            let length = Int(rest[rest.startIndex + 1])
            rest = rest.dropFirst(2)
            guard length < 0x80, rest.count >= length else { return nil }
            let number = rest.prefix(length).drop { $0 == 0 }
            guard number.count <= 32 else { return nil }
            result += [UInt8](repeating: 0, count: 32 - number.count) + number
            rest = rest.dropFirst(length)
        }
        return result
    }

    private static func decodedBase64(_ text: [UInt8]) -> [UInt8]? {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        let digits = text.filter { $0 != UInt8(ascii: "=") }
        var result: [UInt8] = []
        var (value, bits) = (0, 0)
        for digit in digits {
            guard let index = alphabet.firstIndex(of: digit) else { return nil }
            (value, bits) = ((value << 6 | index) & 0xFFFF, bits + 6)
            if bits >= 8 {
                bits -= 8
                result.append(UInt8(truncatingIfNeeded: value >> bits))
            }
        }
        return result
    }
}
