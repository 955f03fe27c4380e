// swift-tools-version: 6.2
import PackageDescription

var settings: [SwiftSetting] = [
    .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

// Lambda's x86-64 machines all have AVX2, https://docs.aws.amazon.com/lambda/latest/dg/runtimes-avx2.html, and with it the
// rest of this level, as machines have had since 2013 (docs/decisions/0015).
#if arch(x86_64)
settings.append(.unsafeFlags(["-Xcc", "-march=x86-64-v3"]))
#endif

// Modules that process every byte are optimized in debug builds, too, with their assertions: without optimization, arithmetic
// on vectors is a hundred times slower, and the tests take minutes longer.
let fast = settings + [.unsafeFlags(["-O", "-assert-config", "Debug"], .when(configuration: .debug))]

// What waits for the network is built for size.
let small = settings + [.unsafeFlags(["-Osize"], .when(configuration: .release))]

// Targets stand in dependency order: each one may import only those above it.
let package = Package(
    name: "concert-data-processor",
    products: [
        .executable(name: "bootstrap", targets: ["bootstrap"]),
        .executable(name: "concertctl", targets: ["concertctl"]),
    ],
    targets: [
        // C libraries: each has one door.
        .target(name: "CCurl", linkerSettings: [.linkedLibrary("curl")]),
        .systemLibrary(name: "CZlib"),
        .systemLibrary(name: "CCrypto"),

        // Libraries.
        .target(name: "JSON", swiftSettings: fast),
        .target(name: "Telemetry", dependencies: ["JSON"], swiftSettings: settings),
        .target(name: "Transport", dependencies: ["CCurl"], swiftSettings: small),
        .target(
            name: "Clients", dependencies: ["CCrypto", "JSON", "Telemetry", "Transport"], swiftSettings: small),
        .target(
            name: "LambdaRuntime", dependencies: ["JSON", "Telemetry"], path: "Sources/Runtime",
            swiftSettings: settings),
        .target(
            name: "Processor", dependencies: ["CCrypto", "CZlib", "Clients", "JSON", "Telemetry", "Transport"],
            swiftSettings: fast),
        .target(name: "EventGenerator", dependencies: ["JSON", "Telemetry"], swiftSettings: settings),
        // Lambda's side of the Runtime API, for local runs and tests; nothing of it is in the function.
        .target(name: "RuntimeServer", swiftSettings: settings),

        // Lambda's side of the event source mapping, for the same.
        .target(name: "Poller", dependencies: ["CCrypto", "JSON"], swiftSettings: settings),

        // Executables.
        .executableTarget(
            name: "bootstrap", dependencies: ["Clients", "LambdaRuntime", "Processor", "Telemetry", "Transport"],
            path: "Sources/Bootstrap", swiftSettings: small),
        .executableTarget(
            name: "concertctl",
            dependencies: [
                "Clients", "EventGenerator", "JSON", "Poller", "Processor", "RuntimeServer", "Telemetry", "Transport",
            ],
            path: "Sources/Concertctl", swiftSettings: settings),

        // Tests, and what they share.
        .target(
            name: "TestSupport", dependencies: ["Clients"], path: "Tests/TestSupport", swiftSettings: settings),
        .testTarget(name: "TestSupportTests", dependencies: ["TestSupport", "concertctl"], swiftSettings: settings),
        .testTarget(
            name: "TransportTests", dependencies: ["TestSupport", "Transport"], swiftSettings: settings),
        .testTarget(
            name: "ClientsTests", dependencies: ["Clients", "JSON", "Telemetry", "TestSupport", "Transport"],
            exclude: ["Conformance"], swiftSettings: settings),
        .testTarget(
            name: "JSONTests", dependencies: ["JSON", "TestSupport"], exclude: ["Conformance"], swiftSettings: settings),
        .testTarget(name: "TelemetryTests", dependencies: ["Telemetry"], swiftSettings: settings),
        .testTarget(
            name: "ProcessorTests",
            dependencies: [
                "CCrypto", "CZlib", "Clients", "EventGenerator", "JSON", "Processor", "Telemetry", "TestSupport",
                "Transport",
            ],
            exclude: ["Conformance"], swiftSettings: settings),
        .testTarget(
            name: "LambdaRuntimeTests", dependencies: ["LambdaRuntime", "RuntimeServer", "Telemetry", "TestSupport"],
            swiftSettings: settings),
        .testTarget(
            name: "EventGeneratorTests", dependencies: ["EventGenerator", "Processor"], swiftSettings: settings),
        .testTarget(
            name: "RuntimeServerTests", dependencies: ["LambdaRuntime", "RuntimeServer"], swiftSettings: settings),
        .testTarget(name: "PollerTests", dependencies: ["JSON", "Poller"], swiftSettings: settings),
        .testTarget(
            name: "ConcertctlTests", dependencies: ["Clients", "JSON", "TestSupport", "Transport", "concertctl"],
            swiftSettings: settings),
        .testTarget(
            name: "EndToEndTests",
            dependencies: ["Poller", "Processor", "RuntimeServer", "TestSupport", "bootstrap", "concertctl"],
            swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)

// `make fuzz` builds this alone, with libFuzzer from the toolchain; without it there is nothing to link against.
if Context.environment["FUZZ"] != nil {
    package.targets += [
        .systemLibrary(name: "CFuzzer", path: "Tests/Fuzz/CFuzzer"),
        .executableTarget(
            name: "fuzz",
            dependencies: [
                "CCrypto", "CFuzzer", "Clients", "JSON", "LambdaRuntime", "Processor", "RuntimeServer", "Telemetry",
                "TestSupport", "Transport",
            ],
            path: "Tests/Fuzz", exclude: ["CFuzzer", "Corpora"], swiftSettings: settings),
    ]
}

// `make bench` builds this alone.
if Context.environment["BENCH"] != nil {
    package.targets.append(
        .executableTarget(
            name: "decode-benchmark", dependencies: ["JSON", "Processor"], path: "Benchmarks/Decode",
            swiftSettings: settings))
}
