/// A failure that ends a test; its text is for the reader of the test's output.
package struct Failure: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
