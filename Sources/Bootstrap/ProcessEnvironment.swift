@unsafe @preconcurrency import Glibc

/// Returns the environment variables of the process.
///
/// Foundation is not used, because it would add 5 MB to the binary. Only executables call this; libraries get the
/// environment as a parameter.
func processEnvironment() -> [String: String] {
    var variables: [String: String] = [:]
    // Lambda sets about thirty variables.
    variables.reserveCapacity(64)
    guard var next = unsafe environ as UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? else { return variables }
    while let line = unsafe next.pointee {
        // The sign is within the C string, before the terminating NUL.
        if let sign = unsafe strchr(line, Int32(UInt8(ascii: "="))) {
            let name = unsafe UnsafeRawBufferPointer(start: line, count: sign - line)
            unsafe variables[String(decoding: name, as: UTF8.self)] = String(cString: sign + 1)
        }
        unsafe next += 1
    }
    return variables
}

/// Returns the arguments of the process, without its name.
///
/// `CommandLine.arguments` is not used: on Linux its initialization reads all memory mappings of the process at every
/// start, so it is removed from the binary (build/lean.ld).
func processArguments() -> [String] {
    let file = unsafe open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return [] }
    defer { close(file) }
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 512)
    while true {
        let count = unsafe part.withUnsafeMutableBytes { unsafe read(file, $0.baseAddress, $0.count) }
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { break }
        bytes += part[..<count]
    }
    // Each argument ends with a NUL.
    return bytes.split(separator: 0, omittingEmptySubsequences: false).dropFirst().dropLast()
        .map { String(decoding: $0, as: UTF8.self) }
}
