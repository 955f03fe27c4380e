import Foundation
import Telemetry

/// `concertctl`: finds the command, runs it, and turns how it ended into an exit status.
@main
enum Main {
    static let commands: [any (Command & SendableMetatype).Type] = [Replay.self, Generate.self]

    static func main() {
        // A reader that stops early, such as `head`, ends the program at the next write, quietly, as with other tools.
        signal(SIGPIPE, SIG_DFL)
        exit(run(Array(CommandLine.arguments.dropFirst())).rawValue)
    }

    private static func run(_ words: [String]) -> ExitStatus {
        guard let name = words.first else {
            Console.note(help)
            return .wrongUsage
        }
        switch name {
        case "--help", "-h", "help":
            if let topic = words.dropFirst().first, let command = commands.first(where: { $0.name == topic }) {
                print(command.help)
            } else {
                print(help)
            }
            return .done
        case "--version":
            print("concertctl \(Version.current)")
            return .done
        default: break
        }
        guard let command = commands.first(where: { $0.name == name }) else {
            Console.note("concertctl: \"\(name)\" is no command; see concertctl --help")
            return .wrongUsage
        }
        return run(command, Array(words.dropFirst()))
    }

    private static func run(_ command: any Command.Type, _ words: [String]) -> ExitStatus {
        if words.contains("--help") || words.contains("-h") {
            print(command.help)
            return .done
        }
        do {
            var arguments = ArgumentList(words)
            let parsed = try command.init(parsing: &arguments)
            try arguments.finish()
            return try parsed.run()
        } catch let error as UsageError {
            Console.note("concertctl \(command.name): \(error.description); see concertctl \(command.name) --help")
            return .wrongUsage
        } catch {
            Console.note("concertctl \(command.name): \(error)")
            return .failed
        }
    }

    private static var help: String {
        let width = commands.map { $0.name.count }.max() ?? 0
        let list = commands.map {
            "  \($0.name.padding(toLength: width + 2, withPad: " ", startingAt: 0))\($0.summary)"
        }
        return """
            concertctl: the concert data processor's command line

            Usage: concertctl COMMAND [options]

            \(list.joined(separator: "\n"))

              --help       print this; concertctl COMMAND --help says more
              --version    print the version

            Exit status: 0 done, 1 failed, 2 wrong usage, 3 done but some records failed.
            """
    }
}
