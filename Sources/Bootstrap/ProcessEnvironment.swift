@unsafe @preconcurrency import Glibc

/// The variables that the process was started with.
///
/// Read here rather than through Foundation, which alone would add 5 MB to the binary. Only the executables
/// call this; libraries are handed what they need.
func processEnvironment() -> [String: String] {
    var variables: [String: String] = [:]
    // Lambda sets some thirty.
    variables.reserveCapacity(64)
    guard var next = unsafe environ as UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? else { return variables }
    while let line = unsafe next.pointee {
        // The variable ends with a NUL, as every C string does, and the sign stands before it.
        if let sign = unsafe strchr(line, Int32(UInt8(ascii: "="))) {
            let name = unsafe UnsafeRawBufferPointer(start: line, count: sign - line)
            unsafe variables[String(decoding: name, as: UTF8.self)] = String(cString: sign + 1)
        }
        unsafe next += 1
    }
    return variables
}

/// The arguments that the process was started with, without its name.
///
/// Not `CommandLine.arguments`: on Linux its start looks through all of the process's mappings, whether or not anybody asks,
/// and so is left out of the binary (build/lean.ld).
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
    // Each ends with a NUL.
    return bytes.split(separator: 0, omittingEmptySubsequences: false).dropFirst().dropLast()
        .map { String(decoding: $0, as: UTF8.self) }
}
