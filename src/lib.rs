//! streamwriter
