/// Asks before something is done that cannot be undone, unless `--yes` is given or this is a dry run.
struct Confirmation: Sendable {
    private let isGiven: Bool

    init(_ input: Input) throws(UsageError) { isGiven = try input[SharedOption.yes] || input.isDryRun }

    /// - Throws: ``CommandError`` when the answer is no, and when nobody can answer.
    func ask(_ question: TerminalText) throws(CommandError) {
        if isGiven { return }
        guard Console.canAsk else { throw CommandError(description: "cannot prompt without a terminal; pass --yes") }
        guard Console.confirms(question) else { throw CommandError(description: "aborted") }
    }
}
