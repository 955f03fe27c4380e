import Basics
import Clients

/// A function in any form that Lambda accepts: `name`, `name:alias`, `ACCOUNT:function:name`, or an ARN.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html>
struct FunctionReference: Sendable, Equatable {
    /// The default function.
    static let standard = "concert-data-processor"

    /// The text as given, which requests contain.
    let text: String
    let name: String
    /// The version or alias, or nil for `$LATEST`.
    let qualifier: String?
    private let region: String?
    private let account: String?

    /// - Throws: ``UsageError`` if `text` is not a valid name of a function.
    init(_ text: String) throws(UsageError) {
        self.text = text
        let arn = ARN(text)
        guard arn.map({ $0.service == "lambda" }) ?? !text.utf8.starts(with: "arn:".utf8) else {
            throw Self.noName(text)
        }
        let rest = arn.map { "\($0.region):\($0.account):\($0.resource)" } ?? text
        var parts = rest.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }[...]
        // The Region, account, and "function" are prefixes only if another part follows.
        if parts.count > 2, arn != nil || Self.isAccount(parts.dropFirst().first) {
            region = parts.popFirst()
        } else {
            region = nil
        }
        account = parts.count > 1 && Self.isAccount(parts.first) ? parts.popFirst() : nil
        if parts.count > 1, parts.first == "function" { parts = parts.dropFirst() }
        name = parts.popFirst() ?? ""
        let qualifier = parts.popFirst()
        self.qualifier = qualifier == "$LATEST" ? nil : qualifier
        guard parts.isEmpty, Self.isWord(name, besides: "-_."), text.utf8.count <= 256,
            self.qualifier.map({ $0 == Self.published || Self.isWord($0, besides: "-_") }) ?? true
        else { throw Self.noName(text) }
    }

    /// Returns whether `arn` is an ARN of this function.
    ///
    /// An unspecified account or Region matches any.
    ///
    /// - Parameter anyQualifier: Whether a name without version and alias matches all of them.
    func matches(_ arn: String, anyQualifier: Bool = false) -> Bool {
        guard let other = try? FunctionReference(arn), other.name == name else { return false }
        let isAnywhere = anyQualifier && qualifier == nil
        return (region ?? other.region) == other.region && (account ?? other.account) == other.account
            && (isAnywhere || qualifier == other.qualifier)
    }

    /// The name, followed by `:` and the qualifier if there is one.
    var shortName: String { name + (qualifier.map { ":" + $0 } ?? "") }

    private static func isAccount(_ text: String?) -> Bool {
        text.map { $0.utf8.count == 12 && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } } ?? false
    }

    /// The latest published version of a function on Lambda Managed Instances.
    private static let published = "$LATEST.PUBLISHED"

    private static func isWord(_ text: String, besides others: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy {
                switch $0 {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: others.utf8.contains($0)
                }
            }
    }

    private static func noName(_ text: String) -> UsageError {
        UsageError(
            description: "invalid function name \"\(text)\"; expected a name such as \(standard), optionally with "
                + ":ALIAS or :VERSION, or an ARN")
    }
}
