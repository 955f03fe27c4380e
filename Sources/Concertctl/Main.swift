import Clients
import Dispatch
import Foundation
import Telemetry

/// The entry point of `concertctl`, which runs the given command and returns its exit status.
@main
enum Main {
    // Not asynchronous, because the standard streams must be prepared before the Swift runtime opens a file.
    static func main() {
        StandardStreams.prepare()
        let words = Array(CommandLine.arguments.dropFirst())
        Task { @MainActor in exit(Output.finish(await run(words)).rawValue) }
        dispatchMain()
    }

    private static func run(_ words: [String]) async -> ExitStatus {
        let words = movingLeadingOptionsBehind(words)
        guard let name = words.first else {
            Console.note(.lines(Help.overview))
            return .wrongUsage
        }
        switch name {
        case "--help", "-h": return help(on: [])
        case "help": return help(on: words.dropFirst())
        case "--version":
            Output.print("concertctl \(Version.current)")
            return .done
        default: break
        }
        switch CommandTree.entries.first(where: { $0.name == name }) {
        case .command(let command): return await run(command, Array(words.dropFirst()))
        case .group(let group): return await run(group, Array(words.dropFirst()))
        case nil: return unknown(name, among: CommandTree.entries.map(\.name), of: "concertctl")
        }
    }

    private static func run(_ group: CommandGroup, _ words: [String]) async -> ExitStatus {
        guard let verb = words.first else {
            Console.note(.lines(Help.text(of: group)))
            return .wrongUsage
        }
        if verb == "--help" || verb == "-h" { return help(on: [group.name]) }
        guard let command = group.commands.first(where: { $0.description.verb == verb }) else {
            return unknown(verb, among: group.commands.map { $0.description.verb }, of: "concertctl \(group.name)")
        }
        return await run(command, Array(words.dropFirst()))
    }

    private static func run(_ command: any Command.Type, _ words: [String]) async -> ExitStatus {
        let description = command.description
        if words.prefix(while: { $0 != "--" }).contains(where: { $0 == "--help" || $0 == "-h" }) {
            Output.print(.lines(Help.text(of: description)))
            return .done
        }
        let name = "concertctl \(description.name)"
        do {
            var input = try Input(words, for: description)
            input.environment = try DotEnvironment.environment()
            let parsed = try command.init(input)
            return try await Interruption.interruptible { try await parsed.run() }
        } catch is Output.WriteError {
            // `Output.finish` reports it.
            return .done
        } catch let error as UsageError {
            Console.note("\(name): \(error.description); see \(name) --help")
            return .wrongUsage
        } catch is CancellationError {
            Console.note("\(name): interrupted")
            return .interrupted
        } catch {
            Console.note("\(name): \(error)")
            let details = (error as? CommandError)?.details ?? ""
            if !details.isEmpty { Console.note(.lines(details)) }
            if let advice = ErrorAdvice.advice(on: error) { Console.note("  \(advice)") }
            return .failed
        }
    }

    private static func help(on topic: some Sequence<String>) -> ExitStatus {
        let topic = Array(topic)
        guard let first = topic.first else {
            Output.print(.lines(Help.overview))
            return .done
        }
        switch CommandTree.entries.first(where: { $0.name == first }) {
        case .command(let command): Output.print(.lines(Help.text(of: command.description)))
        case .group(let group):
            guard let verb = topic.dropFirst().first else {
                Output.print(.lines(Help.text(of: group)))
                return .done
            }
            guard let command = group.commands.first(where: { $0.description.verb == verb }) else {
                return unknown(verb, among: group.commands.map { $0.description.verb }, of: "concertctl \(group.name)")
            }
            Output.print(.lines(Help.text(of: command.description)))
        case nil: return unknown(first, among: CommandTree.entries.map(\.name), of: "concertctl")
        }
        return .done
    }

    private static func unknown(_ word: String, among known: [String], of program: String) -> ExitStatus {
        let hint = Suggestion.hint(for: word, among: known)
        Console.note("\(program): unknown command \"\(word)\"\(hint); see \(program) --help")
        return .wrongUsage
    }

    /// Moves options that precede the command after it, so that `concertctl --region eu-west-1 stream list` works.
    private static func movingLeadingOptionsBehind(_ words: [String]) -> [String] {
        let withValue = (SharedOption.aws + [SharedOption.output]).map(\.name)
        let flags = [SharedOption.dryRun, SharedOption.yes].map(\.name)
        var rest = words[...]
        var moved: [String] = []
        while let word = rest.first {
            if withValue.contains(word) {
                moved += rest.prefix(2)
                rest = rest.dropFirst(2)
            } else if flags.contains(word) || withValue.contains(where: { word.hasPrefix($0 + "=") }) {
                moved.append(word)
                rest = rest.dropFirst()
            } else {
                break
            }
        }
        return rest.isEmpty ? words : rest + moved
    }
}
