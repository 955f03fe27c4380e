import CFuzzer
import Glibc

/// The targets by name; the first argument selects one.
private let targets: [String: any FuzzTarget.Type] = [
    "aws": AWSTarget.self, "base64": Base64Target.self, "event": EventTarget.self, "gzip": GzipTarget.self,
    "json": JSONTarget.self, "kpl": AggregationTarget.self, "payload": PayloadTarget.self,
    "processors": ProcessorsTarget.self, "resp": RESPTarget.self,
    "runtime": RuntimeTarget.self,
]

/// libFuzzer's callback has no context parameter, so its data is global; only one thread uses it.
private enum Chosen {
    nonisolated(unsafe) static var target: any FuzzTarget = JSONTarget()
}

guard CommandLine.arguments.count > 1 else {
    print(targets.keys.sorted().joined(separator: "\n"))
    exit(0)
}
let name = CommandLine.arguments[1]
if name == "seeds", CommandLine.arguments.count == 3 {
    try Seeds.write(to: CommandLine.arguments[2])
    exit(0)
}
guard let type = targets[name] else {
    print("error: no target is named \"\(name)\"; there are \(targets.keys.sorted().joined(separator: ", "))")
    exit(2)
}
unsafe Chosen.target = type.init()

// libFuzzer parses all arguments except for the target's name.
var count = CommandLine.argc - 1
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = unsafe CommandLine.unsafeArgv + 1
exit(
    unsafe LLVMFuzzerRunDriver(&count, &arguments) { bytes, count in
        // The bounds are libFuzzer's; the array is a copy that outlives the buffer.
        unsafe Chosen.target.check(Array(UnsafeBufferPointer(start: bytes, count: count)))
        return 0
    })
