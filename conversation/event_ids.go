package conversation

// ConversationID implements Event.
func (e Opened) ConversationID() ID { return e.Conversation }
func (Opened) conversationEvent()   {}

// ConversationID implements Event.
func (e Moved) ConversationID() ID { return e.Conversation }
func (Moved) conversationEvent()   {}

// ConversationID implements Event.
func (e OfferMade) ConversationID() ID { return e.Conversation }
func (OfferMade) conversationEvent()   {}

// ConversationID implements Event.
func (e OfferEnded) ConversationID() ID { return e.Conversation }
func (OfferEnded) conversationEvent()   {}

// ConversationID implements Event.
func (e OfferRestarted) ConversationID() ID { return e.Conversation }
func (OfferRestarted) conversationEvent()   {}

// ConversationID implements Event.
func (e Accepted) ConversationID() ID { return e.Conversation }
func (Accepted) conversationEvent()   {}

// ConversationID implements Event.
func (e TransferRequested) ConversationID() ID { return e.Conversation }
func (TransferRequested) conversationEvent()   {}

// ConversationID implements Event.
func (e TransferCancelled) ConversationID() ID { return e.Conversation }
func (TransferCancelled) conversationEvent()   {}

// ConversationID implements Event.
func (e OwnerChanged) ConversationID() ID { return e.Conversation }
func (OwnerChanged) conversationEvent()   {}

// ConversationID implements Event.
func (e WrapUpStarted) ConversationID() ID { return e.Conversation }
func (WrapUpStarted) conversationEvent()   {}

// ConversationID implements Event.
func (e WrapUpExtended) ConversationID() ID { return e.Conversation }
func (WrapUpExtended) conversationEvent()   {}

// ConversationID implements Event.
func (e WrapUpUnlimited) ConversationID() ID { return e.Conversation }
func (WrapUpUnlimited) conversationEvent()   {}

// ConversationID implements Event.
func (e SeatEnded) ConversationID() ID { return e.Conversation }
func (SeatEnded) conversationEvent()   {}

// ConversationID implements Event.
func (e Interruption) ConversationID() ID { return e.Conversation }
func (Interruption) conversationEvent()   {}

// ConversationID implements Event.
func (e Ending) ConversationID() ID { return e.Conversation }
func (Ending) conversationEvent()   {}

// ConversationID implements Event.
func (e CustomerReturned) ConversationID() ID { return e.Conversation }
func (CustomerReturned) conversationEvent()   {}

// ConversationID implements Event.
func (e Completed) ConversationID() ID { return e.Conversation }
func (Completed) conversationEvent()   {}

// ConversationID implements Event.
func (e Forgotten) ConversationID() ID { return e.Conversation }
func (Forgotten) conversationEvent()   {}

// ConversationID implements Event.
func (e ArchiveDue) ConversationID() ID { return e.Conversation }
func (ArchiveDue) conversationEvent()   {}

// ConversationID implements Event.
func (e TranscriptCut) ConversationID() ID { return e.Conversation }
func (TranscriptCut) conversationEvent()   {}

// ConversationID implements Event.
func (e MessageEmptied) ConversationID() ID { return e.Conversation }
func (MessageEmptied) conversationEvent()   {}

// ConversationID implements Event.
func (e MessageAdded) ConversationID() ID { return e.Conversation }
func (MessageAdded) conversationEvent()   {}

// ConversationID implements Event.
func (e MessageEdited) ConversationID() ID { return e.Conversation }
func (MessageEdited) conversationEvent()   {}

// ConversationID implements Event.
func (e MessageUnsent) ConversationID() ID { return e.Conversation }
func (MessageUnsent) conversationEvent()   {}

// ConversationID implements Event.
func (e Reacted) ConversationID() ID { return e.Conversation }
func (Reacted) conversationEvent()   {}

// ConversationID implements Event.
func (e ReceiptAdvanced) ConversationID() ID { return e.Conversation }
func (ReceiptAdvanced) conversationEvent()   {}

// ConversationID implements Event.
func (e SendSettled) ConversationID() ID { return e.Conversation }
func (SendSettled) conversationEvent()   {}

// ConversationID implements Event.
func (e SendDeferred) ConversationID() ID { return e.Conversation }
func (SendDeferred) conversationEvent()   {}

// ConversationID implements Event.
func (e SendDue) ConversationID() ID { return e.Conversation }
func (SendDue) conversationEvent()   {}

// ConversationID implements Event.
func (e LaneTaken) ConversationID() ID { return e.Conversation }
func (LaneTaken) conversationEvent()   {}

// ConversationID implements Event.
func (e PriorityChanged) ConversationID() ID { return e.Conversation }
func (PriorityChanged) conversationEvent()   {}

// ConversationID implements Event.
func (e NeedsRelaxed) ConversationID() ID { return e.Conversation }
func (NeedsRelaxed) conversationEvent()   {}

// ConversationID implements Event.
func (e PreferenceDropped) ConversationID() ID { return e.Conversation }
func (PreferenceDropped) conversationEvent()   {}

// ConversationID implements Event.
func (e ExclusionOver) ConversationID() ID { return e.Conversation }
func (ExclusionOver) conversationEvent()   {}

// ConversationID implements Event.
func (e AttributesSet) ConversationID() ID { return e.Conversation }
func (AttributesSet) conversationEvent()   {}
