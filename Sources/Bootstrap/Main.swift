import Glibc

/// The function's executable.
@main
struct Main {
    static func main() async {
        // A peer that closes a connection is an error of one request, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        let arguments = CommandLine.arguments
        guard arguments.count == 3, arguments[1] == "--probe" else {
            print("usage: bootstrap --probe URL")
            exit(2)
        }
        exit(await Probe.run(url: arguments[2], environment: processEnvironment()))
    }
}
