import Basics

/// Full payloads: of ten, four are ticket sales, three concerts, two artists and one a venue.
extension EventGenerator {
    mutating func writeFullPayload(to payload: inout PythonJSONWriter) -> String {
        let entity = drawEntity()
        payload.isUpload = random.chance(entity.uploadShare)
        write(entity, in: Shape(&random), to: &payload)
        return entity.id
    }

    private mutating func drawEntity() -> any Entity {
        switch random.below(10) {
        case 0..<4: catalogue.ticketSale(drawSale())
        case 4..<7: catalogue.concert(random.below(Catalogue.concertCount))
        case 7..<9: catalogue.artist(random.below(Catalogue.artistCount))
        default: catalogue.venue(random.below(Catalogue.venueCount))
        }
    }

    /// Returns a sale, which is new except for a few that the producer sends twice.
    private mutating func drawSale() -> Int {
        if saleCount > 0, random.chance(3) { return random.below(saleCount) }
        saleCount += 1
        return saleCount - 1
    }

    private mutating func write(_ entity: any Entity, in shape: Shape, to payload: inout PythonJSONWriter) {
        let ingestion = now - Int64(random.within(20_000...900_000))
        let dataType = random.pick(type(of: entity).dataTypes)
        payload.openObject()
        if shape.isWrapped {
            payload.member("timestamp", (ingestion + 1517).isoformat())
            payload.key("data")
            payload.openObject()
        }
        if shape.inner == .enveloped {
            payload.member("record_id", "\(dataType)_\(random.text(8, of: Alphabet.hexadecimal))")
        }
        if shape.inner != .bare {
            payload.member("data_type", dataType)
            payload.member("source", payload.isUpload ? "upload" : entity.source)
            payload.member("ingestion_timestamp", ingestion.isoformat())
        }
        if shape.inner == .enveloped {
            payload.key("payload")
            payload.openObject()
        }
        entity.writeFields(to: &payload, at: ingestion - 40_000, random: &random)
        if shape.inner == .enveloped { payload.closeObject() }
        if shape.isWrapped { payload.closeObject() }
        payload.closeObject()
    }
}

/// The structure around an entity's fields.
private struct Shape: Sendable {
    enum Inner: Sendable { case flat, enveloped, bare }

    var isWrapped: Bool
    var inner: Inner

    /// Flat in most cases.
    init(_ random: inout SplitMix64) {
        isWrapped = random.chance(8)
        switch random.below(100) {
        case 0..<15: inner = .enveloped
        case 15..<22: inner = .bare
        default: inner = .flat
        }
    }
}
