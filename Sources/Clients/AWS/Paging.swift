/// One page of a list.
package struct Page<Element> {
    package var elements: [Element]
    /// The token of the next page; nil or empty on the last one.
    package var next: String?

    package init(_ elements: [Element], next: String?) { (self.elements, self.next) = (elements, next) }
}

/// A reader of all pages of a list.
///
/// It restarts the list if the service reports an expired token, and fails if the list never ends.
package enum Paging {
    /// The maximum number of restarts after an expired token.
    private static let restartLimit = 3

    /// Returns the elements of all pages.
    ///
    /// - Parameter page: Reads the page for a token, which is nil for the first page; called again from the start after
    ///   a token has expired.
    /// - Throws: ``PagingError`` and the errors of `page`.
    package static func all<Element>(_ page: (String?) async throws -> Page<Element>) async throws -> [Element] {
        var restarts = 0
        while true {
            do { return try await once(page) } catch let error as AWSError where error.code == expired {
                guard restarts < restartLimit else { throw error }
                restarts += 1
            }
        }
    }

    private static let expired = "ExpiredNextTokenException"

    private static func once<Element>(_ page: (String?) async throws -> Page<Element>) async throws -> [Element] {
        var elements: [Element] = []
        var tokens = PageTokens()
        var token: String?
        repeat {
            try Task.checkCancellation()
            let found = try await page(token)
            elements += found.elements
            token = try tokens.checked(found.next)
        } while token != nil
        return elements
    }
}

/// The tokens of one list.
struct PageTokens {
    private var seen: Set<[UInt8]> = []

    /// More pages than any list of the services used here has.
    static let limit = 20_000

    /// Returns the token of the next page, or nil after the last one.
    ///
    /// - Throws: ``PagingError`` for a repeated token, and after ``limit`` pages.
    mutating func checked(_ token: String?) throws(PagingError) -> String? {
        guard let token, !token.isEmpty else { return nil }
        guard seen.insert(Array(token.utf8)).inserted else { throw .repeatedToken }
        guard seen.count < Self.limit else { throw .endless }
        return token
    }
}

/// A list that does not end.
package enum PagingError: Error, Equatable, Sendable {
    case repeatedToken
    case endless
}

extension PagingError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .repeatedToken: "the service returned the same page token twice, so the list would never end"
        case .endless: "the list has more than \(PageTokens.limit) pages"
        }
    }
}
