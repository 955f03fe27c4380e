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
