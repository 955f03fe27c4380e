/// A failure that ends a test; its text is for the reader of the test's output.
public struct Failure: Error, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}
