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
        var parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)[...]
        let isARN = parts.first == "arn"
        if isARN {
            guard parts.count >= 7, parts.dropFirst(2).first == "lambda" else { throw Self.noName(text) }
            parts = parts.dropFirst(3)
        }
        // What may stand before the name counts as such only where something stands behind it.
        if parts.count > 2, isARN || Self.isAccount(parts.dropFirst().first) {
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
            self.qualifier.map({ Self.isWord($0, besides: "-_") }) ?? true
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

    private static func isWord(_ text: String, besides others: String) -> Bool {
        !text.isEmpty && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || others.contains($0)) }
    }

    private static func noName(_ text: String) -> UsageError {
        UsageError(
            description: "\"\(text)\" is no function; expected a name such as \(standard), with :ALIAS or :VERSION "
                + "where wanted, or an ARN")
    }
}
