/// An error that describes why bytes are not a valid JSON text.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc8259>
package enum JSONError: Error, Equatable, Sendable {
    /// Invalid syntax at byte `offset`; `expected` names what would be valid there.
    case syntax(offset: Int, expected: StaticString)
    /// No well-formed UTF-8 sequence starts at `offset`.
    case notUTF8(offset: Int)
    /// The value at `offset` is nested deeper than ``JSONScanner/depthLimit``.
    case tooDeep(offset: Int)

    package static func == (lhs: Self, rhs: Self) -> Bool {
        switch (lhs, rhs) {
        case (.syntax(let left, _), .syntax(let right, _)), (.notUTF8(let left), .notUTF8(let right)),
            (.tooDeep(let left), .tooDeep(let right)):
            left == right
        default: false
        }
    }
}

extension JSONError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .syntax(let offset, let expected): "expected \(expected) at offset \(offset)"
        case .notUTF8(let offset): "invalid UTF-8 at offset \(offset)"
        case .tooDeep(let offset): "more than \(JSONScanner.depthLimit) levels at offset \(offset)"
        }
    }
}
