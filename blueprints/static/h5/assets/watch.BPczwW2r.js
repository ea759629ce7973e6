function t(t){let l=null;const n=async()=>{await t(),null!==l&&(l=setTimeout(n,1e3))};return{start(){null===l&&(l=0,n())},stop(){clearTimeout(l),l=null}}}export{t as w};
