import Clients

/// A function, by any of the names that Lambda takes: `name`, `name:alias`, `ACCOUNT:function:name`, an ARN.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html>
struct FunctionReference: Sendable, Equatable {
    /// The function where no option names one.
    static let standard = "concert-data-processor"

    /// As it was given, which is as requests send it.
    let text: String
    let name: String
    /// A version or an alias; nil for the latest.
    let qualifier: String?
    private let region: String?
    private let account: String?

    /// - Throws: ``UsageError`` when it is no function's name.
    init(_ text: String) throws(UsageError) {
        self.text = text
        let arn = ARN(text)
        guard arn.map({ $0.service == "lambda" }) ?? !text.utf8.starts(with: "arn:".utf8) else {
            throw Self.noName(text)
        }
        let rest = arn.map { "\($0.region):\($0.account):\($0.resource)" } ?? text
        var parts = rest.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }[...]
        // What may stand before the name counts as such only where something stands behind it.
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

    /// Whether `arn` is this function's; where this leaves account or Region open, any will do.
    ///
    /// - Parameter anyQualifier: Whether a name without version and alias stands for all of them.
    func matches(_ arn: String, anyQualifier: Bool = false) -> Bool {
        guard let other = try? FunctionReference(arn), other.name == name else { return false }
        let isAnywhere = anyQualifier && qualifier == nil
        return (region ?? other.region) == other.region && (account ?? other.account) == other.account
            && (isAnywhere || qualifier == other.qualifier)
    }

    /// `name`, or `name:alias`.
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
