// swift-tools-version: 6.2
import PackageDescription

var settings: [SwiftSetting] = [
    .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

// All x86-64 machines of Lambda support AVX2, https://docs.aws.amazon.com/lambda/latest/dg/runtimes-avx2.html, and the rest
// of this level, which is common since 2013 (docs/decisions/0015).
#if arch(x86_64)
settings.append(.unsafeFlags(["-Xcc", "-march=x86-64-v3"]))
#endif

// Modules that process every byte are also optimized in debug builds, with their assertions: otherwise, vector arithmetic is
// a hundred times slower, and the tests take minutes longer.
let fast = settings + [.unsafeFlags(["-O", "-assert-config", "Debug"], .when(configuration: .debug))]

// Modules that wait for the network are optimized for size.
let small = settings + [.unsafeFlags(["-Osize"], .when(configuration: .release))]

// The commands wait for the network and for input; what processes every byte is in the modules below them. Optimizing them
// would double the processor time of the build.
let commands = settings + [.unsafeFlags(["-Onone"], .when(configuration: .release))]

// Targets are in dependency order: each may import only those above it.
let package = Package(
    name: "concert-data-processor",
    products: [
        .executable(name: "bootstrap", targets: ["bootstrap"]),
        .executable(name: "concertctl", targets: ["concertctl"]),
    ],
    targets: [
        // C libraries, each imported through one module.
        .target(name: "CCurl", linkerSettings: [.linkedLibrary("curl")]),
        .systemLibrary(name: "CZlib"),
        .systemLibrary(name: "CCrypto"),

        // Libraries.
        .target(name: "Basics", dependencies: ["CCrypto"], swiftSettings: fast),
        .target(name: "JSON", dependencies: ["Basics"], swiftSettings: fast),
        .target(name: "Telemetry", dependencies: ["Basics", "JSON"], swiftSettings: settings),
        .target(name: "Transport", dependencies: ["CCurl"], swiftSettings: small),
        .target(
            name: "Clients", dependencies: ["Basics", "CCrypto", "JSON", "Telemetry", "Transport"], swiftSettings: small
        ),
        .target(
            name: "LambdaRuntime", dependencies: ["Basics", "JSON", "Telemetry"], path: "Sources/Runtime",
            swiftSettings: settings),
        .target(
            name: "Processor", dependencies: ["Basics", "CZlib", "Clients", "JSON", "Telemetry", "Transport"],
            swiftSettings: fast),
        .target(name: "EventGenerator", dependencies: ["Basics", "JSON", "Telemetry"], swiftSettings: settings),
        // Lambda's side of the Runtime API, for local runs and tests; not linked into the function.
        .target(name: "RuntimeServer", swiftSettings: settings),

        // Lambda's side of the event source mapping, for local runs and tests.
        .target(name: "Poller", dependencies: ["Basics", "JSON"], swiftSettings: settings),

        // Executables.
        .executableTarget(
            name: "bootstrap", dependencies: ["LambdaRuntime", "Processor", "Telemetry", "Transport"],
            path: "Sources/Bootstrap", swiftSettings: small),
        .executableTarget(
            name: "concertctl",
            dependencies: [
                "Basics", "CZlib", "Clients", "EventGenerator", "JSON", "Poller", "Processor", "RuntimeServer",
                "Telemetry",
                "Transport",
            ],
            path: "Sources/Concertctl", swiftSettings: commands),

        // Tests and their helpers.
        .target(
            name: "TestSupport", dependencies: ["Basics", "Clients"], path: "Tests/TestSupport", swiftSettings: settings
        ),
        .testTarget(name: "TestSupportTests", dependencies: ["TestSupport", "concertctl"], swiftSettings: settings),
        .testTarget(name: "BasicsTests", dependencies: ["Basics", "TestSupport"], swiftSettings: settings),
        .testTarget(
            name: "TransportTests", dependencies: ["TestSupport", "Transport"], swiftSettings: settings),
        .testTarget(
            name: "ClientsTests", dependencies: ["Basics", "Clients", "JSON", "Telemetry", "TestSupport", "Transport"],
            exclude: ["Conformance"], swiftSettings: settings),
        .testTarget(
            name: "JSONTests", dependencies: ["Basics", "JSON", "TestSupport"], exclude: ["Conformance"],
            swiftSettings: settings),
        .testTarget(name: "TelemetryTests", dependencies: ["Basics", "Telemetry"], swiftSettings: settings),
        .testTarget(
            name: "ProcessorTests",
            dependencies: [
                "Basics", "CZlib", "Clients", "EventGenerator", "JSON", "Processor", "Telemetry", "TestSupport",
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
            name: "ConcertctlTests",
            dependencies: ["Basics", "Clients", "JSON", "TestSupport", "Transport", "concertctl"],
            swiftSettings: settings),
        .testTarget(
            name: "EndToEndTests",
            dependencies: ["Poller", "Processor", "RuntimeServer", "TestSupport", "bootstrap", "concertctl"],
            swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)

// Built only by `make fuzz`, which links the toolchain's libFuzzer.
if Context.environment["FUZZ"] != nil {
    package.targets += [
        .systemLibrary(name: "CFuzzer", path: "Tests/Fuzz/CFuzzer"),
        .executableTarget(
            name: "fuzz",
            dependencies: [
                "Basics", "CCrypto", "CFuzzer", "Clients", "JSON", "LambdaRuntime", "Processor", "RuntimeServer",
                "Telemetry",
                "TestSupport", "Transport",
            ],
            path: "Tests/Fuzz", exclude: ["CFuzzer", "Corpora"], swiftSettings: settings),
    ]
}

// Built only by `make bench`.
if Context.environment["BENCH"] != nil {
    package.targets.append(
        .executableTarget(
            name: "decode-benchmark", dependencies: ["JSON", "Processor"], path: "Benchmarks/Decode",
            swiftSettings: settings))
}
