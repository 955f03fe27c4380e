/// Asks before something is done that cannot be undone, unless `--yes` is given or this is a dry run.
struct Confirmation: Sendable {
    private let isGiven: Bool

    init(_ input: Input) throws(UsageError) { isGiven = try input[SharedOption.yes] || input.isDryRun }

    /// Checks that a question can be answered, before calls that are only made to ask it.
    ///
    /// - Throws: ``CommandError`` when it cannot.
    func checkTerminal() throws(CommandError) {
        guard isGiven || Console.canAsk else {
            throw CommandError(description: "cannot prompt without a terminal; pass --yes")
        }
    }

    /// - Throws: ``CommandError`` when the answer is no, and when nobody can answer.
    func ask(_ question: TerminalText) throws(CommandError) {
        try checkTerminal()
        guard isGiven || Console.confirms(question) else { throw CommandError(description: "aborted") }
    }
}
