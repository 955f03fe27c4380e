// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

// Targets stand in dependency order: each one may import only those above it.
let package = Package(
    name: "concert-data-processor",
    products: [
        .executable(name: "bootstrap", targets: ["bootstrap"])
    ],
    targets: [
        // C libraries: each has one door.
        .target(name: "CCurl", linkerSettings: [.linkedLibrary("curl")]),
        .systemLibrary(name: "CZlib"),
        .systemLibrary(name: "CCrypto"),

        // Libraries.
        .target(name: "JSON", swiftSettings: settings),
        .target(name: "Telemetry", dependencies: ["JSON"], swiftSettings: settings),
        .target(name: "Transport", dependencies: ["CCurl"], swiftSettings: settings),
        .target(
            name: "LambdaRuntime", dependencies: ["JSON", "Telemetry"], path: "Sources/Runtime",
            swiftSettings: settings),
        .target(
            name: "Processor", dependencies: ["CCrypto", "CZlib", "JSON", "Telemetry"], swiftSettings: settings),

        // Executables.
        .executableTarget(
            name: "bootstrap", dependencies: ["LambdaRuntime", "Processor", "Telemetry", "Transport"],
            path: "Sources/Bootstrap", swiftSettings: settings),

        // Tests.
        .testTarget(name: "TransportTests", dependencies: ["Transport"], swiftSettings: settings),
        .testTarget(name: "JSONTests", dependencies: ["JSON"], exclude: ["Conformance"], swiftSettings: settings),
        .testTarget(
            name: "ProcessorTests", dependencies: ["Processor"], exclude: ["Conformance"], swiftSettings: settings),
        .testTarget(name: "EndToEndTests", swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)
