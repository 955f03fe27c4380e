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
        .target(name: "Transport", dependencies: ["CCurl"], swiftSettings: settings),

        // Executables.
        .executableTarget(
            name: "bootstrap", dependencies: ["Transport"], path: "Sources/Bootstrap", swiftSettings: settings),

        // Tests.
        .testTarget(name: "TransportTests", dependencies: ["Transport"], swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)
