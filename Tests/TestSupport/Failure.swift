/// Why a test could not go on; what it says is for the test's reader.
public struct Failure: Error, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}
